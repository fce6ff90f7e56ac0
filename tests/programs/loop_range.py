# Ranges: steps, negative and empty ranges, bounds beyond 2^63, variables rebound in the body.
# native: yes


def collect(r):
    count = 0
    total = 0
    last = None
    for i in r:
        count += 1
        total += i
        last = i
    return count, total, last


for args in (
    (1000,),
    (0,),
    (-5,),
    (10, 1000),
    (1000, 10),
    (0, 1000, 3),
    (1000, 0, -1),
    (1000, -1000, -7),
    (0, 1000, -1),
    (5, 6),
    (-3, 3, 2),
    ((1 << 30) - 500, (1 << 30) + 500),
    ((1 << 31) - 500, (1 << 31) + 500, 2),
    ((1 << 60) - 300, (1 << 60) + 300),
    ((1 << 62) - 300, (1 << 62) + 300),
    ((1 << 63) - 600, (1 << 63) - 1),
    ((1 << 63) - 600, 1 << 63),
    ((1 << 63) - 300, (1 << 63) + 300),
    (-(1 << 63), -(1 << 63) + 500),
    (-(1 << 63) + 300, -(1 << 63) - 300, -1),
    (1 << 70, (1 << 70) + 400),
    (-(1 << 63), 1 << 63, 1 << 55),
    (0, 1 << 80, 1 << 71),
    (True, 600, True),
):
    print(args, collect(range(*args)))


def rebinding(n):
    """Assigning to the loop variable does not disturb the iteration."""
    s = 0
    for i in range(n):
        i = i * 2
        s += i
        i -= 5.5
    return s, i


def bounds_evaluated_once(n):
    m = n
    count = 0
    for i in range(m):
        m -= 1
        n = 0
        count += 1
    return count, m, n, i


def after_loop(n):
    for i in range(n):
        pass
    first = i
    for i in range(0):
        pass
    return first, i


def as_object(n):
    r = range(3, n, 4)
    hits = 0
    for i in range(n):
        if i in r:
            hits += r.index(i)
    return hits, len(r), r[-1], r[5:9], r[::-1][0], r == range(3, n, 4)


print(rebinding(700), bounds_evaluated_once(700), after_loop(700), as_object(600))
try:
    for i in range(0, 10, 0):
        pass
except ValueError as error:
    print(error)
try:
    for i in range(1.5):
        pass
except TypeError as error:
    print(error)
