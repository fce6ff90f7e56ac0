# Nests whose inner loop is in a callee, in a generator, in a comprehension; recursion into the nest.
# native: yes


def inner(k, n):
    s = 0
    for j in range(n):
        s += j * k
    return s


def by_callee(n, m):
    s = 0
    for i in range(n):
        s += inner(i, m)
        s -= inner(i, i % 3)
    return s


def row(n):
    for j in range(n):
        yield j * j


def by_generator(n, m):
    s = 0
    for i in range(n):
        for x in row(m):
            s += x ^ i
    return s


def by_comprehension(n, m):
    s = 0
    for i in range(n):
        s += sum([i * j for j in range(m)])
        s += max((j for j in range(m)), default=-1)
    return s


def recursive(depth, n):
    """Every level has the same loop, hot in all of them at once."""
    s = 0
    for i in range(n):
        s += i * depth
        if i == n // 2 and depth > 0:
            s += recursive(depth - 1, n)
    return s


print(by_callee(40, 30), by_callee(600, 0), by_callee(600, 1), by_callee(3, 500))
print(by_generator(30, 30), by_generator(500, 1), by_generator(500, 0))
print(by_comprehension(40, 20), by_comprehension(300, 0))
print(recursive(6, 120), recursive(2, 400))


def changing_types(n):
    """Each run of the inner loop has another type for the same variables."""
    out = []
    for kind in [0, 0.5, True, 1 << 62, 1j, 0] * 2:
        s = kind
        for j in range(n):
            s = s + kind + j
        out.append(s)
    return out


print(changing_types(300))


def inner_grows(n):
    total = 0
    m = 1
    for _ in range(n):
        total += inner(1, m)
        m = m * 2 if m < 300 else 0 if m else 1
    return total


print(inner_grows(60))
