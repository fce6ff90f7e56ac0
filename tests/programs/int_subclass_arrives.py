# An int subclass and bools arrive in the middle of an int loop; types of the results are printed.
# native: yes


class Loud(int):
    def __add__(self, other):
        return Loud(int(self) + int(other) + 1000)

    def __radd__(self, other):
        return Loud(int(other) + int(self) + 1)


class Quiet(int):
    """Overrides nothing: results are plain ints."""


def total(items):
    s = 0
    for x in items:
        s = s + x
    return s


def describe(x):
    return f"{type(x).__name__}:{int(x)}"


plain = list(range(1000))
print(describe(total(plain)))
print(describe(total(plain + [True, False, True])))
print(describe(total(plain + [Quiet(5)])), describe(total([Quiet(5)])))
print(describe(total(plain + [Loud(5)])), describe(total(plain + [Loud(5)] + plain)))
print(describe(total([True] * 500 + plain)))
print(describe(total(plain)))


class Index(int):
    def __index__(self):
        return 3


def pick(lst, indices):
    out = 0
    for i in indices:
        out = out * 3 % 999983 + lst[i]
    return out


lst = [x * x for x in range(10)]
print(pick(lst, [i % 10 for i in range(800)] + [Index(7), True, -1, Index(-2)]))


class Compared(int):
    def __lt__(self, other):
        return "never"

    def __bool__(self):
        return False


def below(items, limit):
    count = 0
    last = None
    truthy = 0
    for x in items:
        last = x < limit
        if last:
            count += 1
        if x:
            truthy += 1
    return count, last, truthy


print(below(plain, 500))
print(below(plain + [Compared(600), Compared(1)], 500))
print(below(plain, Compared(500)))
