# float // and % with all signs, zeros, infinities, and values that need exact remainders.
# native: yes

import math


def sweep(divisor, n):
    q_sum = r_sum = 0.0
    worst = 0.0
    for i in range(-n, n):
        x = i / 8
        q = x // divisor
        r = x % divisor
        q_sum += q
        r_sum += r
        worst = max(worst, abs(q * divisor + r - x))
    return q_sum, r_sum, worst


for d in (
    1.0,
    -1.0,
    0.5,
    -0.75,
    3.0,
    -3.0,
    0.1,
    -0.1,
    1e-3,
    1e300,
    -1e300,
    math.inf,
    -math.inf,
):
    print(d, sweep(d, 400))


def edges(n):
    values = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        5e-324,
        -5e-324,
        1e308,
        math.inf,
        -math.inf,
        math.nan,
        0.3,
    ]
    log = []
    for i in range(n):
        a = values[i % len(values)]
        b = values[i // len(values) % len(values)]
        try:
            q = a // b
            r = a % b
        except ZeroDivisionError as error:
            q = r = str(error)
        if i < len(values) ** 2:
            log.append(f"{a!r} {b!r}: {q!r} {r!r}")
    return log


print("\n".join(edges(968)[:121]))


def mixed(n):
    total = 0.0
    for i in range(1, n):
        total += 10.5 // i + i % 2.5 + i // -1.5
        total += divmod(-i, 0.7)[1]
    return total


print(mixed(900))
