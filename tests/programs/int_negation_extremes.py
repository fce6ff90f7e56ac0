# Unary minus, plus, abs and comparisons at the extremes of each machine size.
# native: yes


def negate_around(edge, n):
    log = []
    for i in range(n):
        x = edge + (i % 5) - 2
        y = -x
        if -y != x or +x != x or abs(x) != (x if x >= 0 else y):
            raise AssertionError(x)
        if i >= n - 5:
            log.append(y)
    return log


for edge in (
    0,
    1 << 30,
    -(1 << 30),
    1 << 31,
    1 << 60,
    -(1 << 60),
    1 << 62,
    1 << 63,
    -(1 << 63),
    1 << 64,
):
    print(edge, negate_around(edge, 505))


def flip(x, n):
    """Alternating signs: the same variable visits both ends in turn."""
    lowest = highest = x
    for _ in range(n):
        x = -x
        if x < lowest:
            lowest = x
        if x > highest:
            highest = x
    return lowest, highest, x


for x in (1, (1 << 62), (1 << 63) - 1, 1 << 63, (1 << 63) + 1):
    print(flip(x, 501), flip(-x, 500))


def compare_all(n):
    edges = [s * ((1 << b) + d) for b in (0, 30, 60, 63, 64) for d in (-1, 0, 1) for s in (1, -1)]
    counts = [0] * 6
    for i in range(n):
        a = edges[i % len(edges)]
        b = edges[i * 7 // 3 % len(edges)]
        if a < b:
            counts[0] += 1
        if a <= b:
            counts[1] += 1
        if a == b:
            counts[2] += 1
        if a != b:
            counts[3] += 1
        if a > b:
            counts[4] += 1
        if a >= b:
            counts[5] += 1
    return counts


print(compare_all(2000))
