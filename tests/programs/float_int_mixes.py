# ints and floats in one expression, compared with one another, including where floats lose bits.
# native: yes


def average(items):
    s = 0
    n = 0
    for x in items:
        s += x
        n += 1
    return s / n


print(
    average(range(1000)),
    average([i / 2 for i in range(1000)]),
    average([1 << 70] * 300),
)


def compare(n):
    """An int is compared with a float exactly, not after rounding."""
    base = 1 << 53
    f = float(base)
    less = equal = greater = 0
    for i in range(-n, n):
        x = base + i
        if x < f:
            less += 1
        elif x == f:
            equal += 1
        elif x > f:
            greater += 1
    return less, equal, greater


print(compare(400))


def convert(n):
    total = 0.0
    trunc = 0
    for i in range(n):
        x = i * 1.25 - 300
        trunc += int(x) + round(x)
        total += float(i) + x.__floor__() + i.__float__()
    return total, trunc


print(convert(900))


def true_division(n):
    total = 0.0
    for i in range(1, n):
        total += i / 3 + 7 / i + (i << 60) / (i + 1) + -i / 4
    return total


print(true_division(700))
print((1 << 1023) / (1 << 1000), (10**400) // (10**399), 10**400 / 10**399)


def switch(n):
    """The counter of a while loop turns from int into float and back."""
    i = 0
    log = []
    steps = 0
    while i < n:
        steps += 1
        if i == 300:
            i = i + 0.0
            log.append(repr(i))
        if i == 600:
            i = int(i) + 1
            log.append(repr(i))
        i += 1
    return steps, log, i


print(switch(900))
print(1 == 1.0, 2**53 + 1 == 2.0**53, hash(2**53) == hash(2.0**53), 0.1 + 0.2 == 0.3)
