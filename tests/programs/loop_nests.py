# Nested loops: triangular, with trip counts 0, 1 and large, with breaks out of the inner loop.
# native: yes


def triangle(n):
    s = 0
    for i in range(n):
        for j in range(i):
            s += i ^ j
    return s


def trip_counts(counts):
    s = 0
    for i, c in enumerate(counts):
        for j in range(c):
            s += i * j + 1
        s ^= c
    return s


def break_inner(n):
    found = []
    for a in range(1, n):
        for b in range(a, n):
            c2 = a * a + b * b
            c = int(c2**0.5)
            if c * c == c2:
                found.append((a, b, c))
                break
        else:
            continue
        if len(found) == 12:
            break
    return found


def deep(n):
    count = 0
    for a in range(n):
        b = 0
        while b < n:
            for c in range(n):
                d = n
                while d > 0:
                    d -= 2
                    if (a + b + c + d) % 3 == 0:
                        count += 1
            b += 1
    return count


def inner_after_inner(n):
    x = y = 0
    for i in range(n):
        for j in range(3):
            x += j
        for j in range(i % 5):
            y += j * x
        while x > 100:
            x -= 100
    return x, y


def outer_variable_in_inner(n):
    """The inner loop drives the outer loop's variable."""
    i = 0
    rounds = 0
    while i < n:
        rounds += 1
        for k in range(5):
            i += k + 1
            if i % 11 == 0:
                break
        else:
            i += 1
    return i, rounds


print(
    triangle(60),
    trip_counts([0, 1, 1, 0, 400, 0, 1, 300] * 3),
    trip_counts([0] * 600),
    trip_counts([1] * 600),
)
print(break_inner(100))
print(deep(9), inner_after_inner(600), outer_variable_in_inner(3000))


def same_iterator(n):
    """One iterator shared by the outer and the inner loop."""
    it = iter(range(n))
    log = 0
    for x in it:
        for y in it:
            log += x - y
            if y % 7 == 0:
                break
    return log


print(same_iterator(1000))
