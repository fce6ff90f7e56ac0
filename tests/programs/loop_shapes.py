# while, for, else, break and continue in all positions.
# native: yes


def while_else(n, stop):
    i = 0
    trail = 0
    while i < n:
        i += 1
        if i % 7 == 0:
            continue
        if i == stop:
            break
        trail += i
    else:
        return "else", i, trail
    return "break", i, trail


def for_else(n, stop):
    for i in range(n):
        if i == stop:
            where = "break"
            break
    else:
        where = "else"
    return where, i


def while_true(n):
    i = j = 0
    while True:
        i += 1
        if i & 1:
            continue
        j += i
        if j > n:
            break
    return i, j


def condition_at_end(n):
    i = 0
    while True:
        i += 3
        if not i < n:
            return i


def two_exits(items, low, high):
    for i, x in enumerate(items):
        if x < low:
            return "low", i
        if x > high:
            return "high", i
    return "none", len(items)


def multi_continue(n):
    a = b = c = d = 0
    for i in range(n):
        if i % 2 == 0:
            a += 1
            continue
        if i % 3 == 0:
            b += 1
            continue
        if i % 5 == 0:
            c += 1
            continue
        d += 1
    return a, b, c, d


def never(n):
    for i in range(n):
        pass
    while n < 0:
        n += 1
    return i


print(while_else(1000, 5000), while_else(1000, 600), while_else(1000, 1), while_else(0, 0))
print(for_else(800, 799), for_else(800, 800), for_else(800, 0))
print(while_true(100000), condition_at_end(2000), never(700))
print(
    two_exits([5] * 900, 0, 9),
    two_exits([5] * 900 + [10], 0, 9),
    two_exits([5] * 900 + [-1], 0, 9),
)
print(multi_continue(3000))


def walrus(n):
    i = 0
    total = 0
    while (i := i + 1) < n and (rest := n - i) > 3:
        total += rest
    return i, rest, total


def compound(n):
    i = k = 0
    while i < n and (i < 100 or k < 500) or i == 0:
        i += 1
        k += i % 3 if i % 2 else -(i % 4) or 1
    return i, k


print(walrus(900), compound(1000))
