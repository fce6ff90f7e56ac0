# `a % b` is the object `a` itself where b has more digits, as long_rem returns it, and a new object elsewhere.
# exits: vary
# native: yes

EDGES = [1, 255, 257, (1 << 29) + 7, (1 << 30) - 1, 1 << 30, (1 << 30) + 1, (1 << 31) - 1, 3 << 30, (3 << 30) + 5]
EDGES += [(1 << 59) + 3, (1 << 60) - 1, 1 << 60, (1 << 60) + 9, (5 << 60) - 1, 5 << 60, (1 << 62) + 1, (1 << 63) - 1]
EDGES += [1 << 63, (1 << 64) + 1, 1 << 90]


def constant_divisor(values):
    same = total = 0
    for a in values:
        r = a % 8589934592
        if r is a:
            same += 1
        total ^= r
    return same, total


def variable_divisor(values, b):
    same = total = 0
    for a in values:
        r = a % b
        if r is a:
            same += 1
        total ^= r
    return same, total


def in_place(values, b):
    same = 0
    for a in values:
        r = a
        r %= b
        same = same * 2 % 1000003 + (r is a)
    return same


def temporary(values, b):
    """The left operand is a result, which nothing else refers to."""
    total = 0
    for a in values:
        r = (a + 1) % b
        s = (r + 1) % b
        total = (total ^ s) + (s is r)
    return total


def euclid(a, b):
    steps = 0
    while b:
        a, b = b, a % b
        steps += 1
    return a, steps


def generator_of(seed, n):
    for _ in range(n):
        seed = (seed * 1103515245 + 12345) % 2147483648
        yield seed


def kept_alive(values):
    """The result holds its own reference."""
    kept = []
    for a in values:
        b = a + 1000
        kept.append(b % (1 << 40))
        b = None
    return kept


for start in EDGES:
    for sign in 1, -1:
        values = [sign * (start + k) for k in range(40)] * 5
        print(start, sign, constant_divisor(values), kept_alive(values)[-2:])
        for b in EDGES:
            print(b, variable_divisor(values, b), variable_divisor(values, -b), in_place(values, b), temporary(values, b))
mixed = [sign * (e + d) for e in EDGES for d in (-1, 0, 1) for sign in (1, -1)] * 8
print(constant_divisor(mixed), [variable_divisor(mixed, b) for b in EDGES])
print([euclid((1 << 61) + k * 7919, (1 << 59) + k) for k in range(60)][-3:])
print(list(generator_of(42, 800))[-3:])
print([v % 8589934592 is v for v in (True, False)], [True % 8589934592 for _ in range(300)][-1])
