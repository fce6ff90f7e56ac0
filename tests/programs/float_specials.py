# NaN, infinities and signed zeros through arithmetic, comparison and branches.
# native: yes

import math

nan, inf = float("nan"), float("inf")


def accumulate(items):
    s = 0.0
    below = equal = above = unordered = 0
    for x in items:
        s += x
        if x < 1.0:
            below += 1
        elif x == 1.0:
            equal += 1
        elif x > 1.0:
            above += 1
        else:
            unordered += 1
    return s, below, equal, above, unordered


base = [0.5, 1.0, 1.5, -0.0] * 200
print(accumulate(base))
print(accumulate(base + [inf] + base))
print(accumulate(base + [inf, -inf] + base))
print(accumulate(base + [nan] * 3 + base))


def zeros(n):
    signs = []
    z = -0.0
    for i in range(n):
        z = z * 1.0
        if i % 100 == 99:
            signs.append(math.copysign(1.0, z))
            z = -z
        if i % 250 == 0:
            z = 0.0 - z
    return signs, z, -z, z + 0.0, 0.0 * -1.0, z == -z


print(zeros(1000))


def overflow(x, n):
    for i in range(n):
        x = x * 1.5
    return x, -x, x - x, x * 0.0


print(overflow(1.0, 1700), overflow(5e-324, 10), overflow(-1e300, 500))


def not_comparisons(items):
    """`not a < b` is no `a >= b` when one of them is NaN."""
    counts = [0, 0, 0, 0, 0, 0]
    for x in items:
        if not x < 1.0:
            counts[0] += 1
        if not x >= 1.0:
            counts[1] += 1
        if x != x:
            counts[2] += 1
        while not x <= 2.0:
            counts[3] += 1
            break
        counts[4] += x == x
        counts[5] += (x > 0.0) is (0.0 < x)
    return counts


print(not_comparisons(base + [nan, inf, -inf] * 20))
print(max(base + [nan]), max([nan] + base), min([nan, 1.0]), sorted([inf, 1.0, -inf, 0.0]))
