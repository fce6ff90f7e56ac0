# Ints that cross 2^30, 2^60 and 2^63 by addition and subtraction, upward, downward and back.
# native: yes


def climb(start, step, n):
    x = start
    for _ in range(n):
        x += step
    return x


def there_and_back(start, step, n):
    x = start
    top = x
    for i in range(n):
        if i < n // 2:
            x = x + step
        else:
            x = x - step
        if x > top:
            top = x
    return top, x


for bits in (30, 31, 32, 53, 60, 61, 62, 63, 64, 90):
    edge = 1 << bits
    for step in (1, 3, (1 << 15) + 1, edge // 500 + 1):
        print(bits, step, climb(edge - 500 * step, step, 1000))
        print(bits, -step, climb(edge + 500 * step, -step, 1000))
        print(bits, step, climb(-edge - 500 * step, step, 1000))
        print(bits, -step, climb(-edge + 500 * step, -step, 1000))
        print(bits, step, there_and_back(edge - 250 * step, step, 1000))
        print(bits, step, there_and_back(-edge - 250 * step, step, 1000))


def watch_edge(n):
    """The exact iteration at which each edge is passed must not be lost."""
    x = (1 << 63) - n // 2
    log = []
    for i in range(n):
        y = x + i
        if y == (1 << 63) - 1 or y == 1 << 63 or y == (1 << 63) + 1:
            log.append((i, y))
    return log


print(watch_edge(800))
