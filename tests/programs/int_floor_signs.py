# // and % with every combination of signs and magnitudes; both follow the divisor's sign.
# native: yes


def sweep(first, last, divisor):
    quotients = 0
    remainders = 0
    for a in range(first, last):
        q = a // divisor
        r = a % divisor
        if q * divisor + r != a:
            raise AssertionError((a, divisor, q, r))
        quotients += q
        remainders = remainders * 3 % 1000033 + r
    return quotients, remainders


for divisor in (
    1,
    -1,
    2,
    -2,
    3,
    -3,
    7,
    -7,
    10,
    -10,
    64,
    -64,
    1000,
    -1000,
    1 << 31,
    -(1 << 31),
):
    print(divisor, sweep(-400, 400, divisor))
for divisor in (
    1 << 62,
    -(1 << 62),
    (1 << 63) - 1,
    -(1 << 63),
    1 << 64,
    -(1 << 80) + 1,
):
    print(
        divisor,
        sweep(-300, 300, divisor),
        sweep((1 << 63) - 300, (1 << 63) + 300, divisor),
    )


def by_varying_divisor(a, n):
    log = []
    total = 0
    for i in range(-n, n):
        d = i if i != 0 else 1
        total += a // d + a % d
        if i in (-n, -1, 0, 1, n - 1):
            log.append((d, a // d, a % d, divmod(a, d)))
    return total, log


for a in (0, 1, -1, 17, -17, (1 << 63) - 1, -(1 << 63), -(1 << 63) - 1, 1 << 70):
    print(a, by_varying_divisor(a, 400))


def minimum_by_minus_one(n):
    """-2^63 // -1 traps on the machine; here it is 2^63."""
    x = -(1 << 63)
    out = []
    for i in range(n):
        d = -1 if i % 2 else 1
        q = x // d
        r = x % d
        if i >= n - 2:
            out.append((q, r))
    return out


print(minimum_by_minus_one(700))
