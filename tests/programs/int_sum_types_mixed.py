# A loop variable changes from int to float to bool to complex and back, by the items of a list.
# native: yes

from fractions import Fraction


def total(items, start):
    s = start
    kinds = []
    for x in items:
        s = s + x * 2 - 1
        name = type(s).__name__
        if not kinds or kinds[-1] != name:
            kinds.append(name)
    return s, kinds


ints = list(range(300))
floats = [x / 4 for x in ints]
for items in (
    ints,
    ints + floats,
    floats + ints,
    ints + [True] * 10 + floats,
    ints + floats + [1j] * 3,
    ints + [Fraction(1, 3)] + ints,
    ints + [1 << 70] + ints + [-(1 << 71)] + ints,
):
    print(total(items, 0), total(items, 0.5))


def alternate(n):
    """Two representations for one variable, turn by turn."""
    x = 0
    log = []
    for i in range(n):
        if i % 2:
            x = x + 0.5
        elif x > 100:
            x = 0
        else:
            x = int(x) + 1
        if i > n - 6:
            log.append(x)
    return log


print(alternate(1201))


def huge_to_float(n):
    """int + float converts; an int beyond the largest float raises OverflowError."""
    big = 1
    f = 1.5
    for i in range(n):
        big *= 3
        try:
            f = f / 2 + big
        except OverflowError as error:
            return i, str(error), f
    return big, f


print(huge_to_float(2000))
print(huge_to_float(300)[1])
