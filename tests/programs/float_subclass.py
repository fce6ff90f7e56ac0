# A float subclass in the middle of a float loop; overridden operators and plain inheritance.
# native: yes


class Money(float):
    def __add__(self, other):
        return Money(round(float(self) + float(other), 2))

    __radd__ = __add__

    def __repr__(self):
        return f"Money({float(self):.2f})"


class Plain(float):
    pass


def total(items):
    s = 0.0
    for x in items:
        s = s + x
    return s


halves = [0.5] * 500
print(repr(total(halves)))
print(repr(total(halves + [Plain(0.25)])), type(total([Plain(1.5)])).__name__)
print(repr(total(halves + [Money(0.111)] + halves)))
print(repr(total([Money(1)] + halves)))


class Sneaky(float):
    def __lt__(self, other):
        return NotImplemented

    def __mul__(self, other):
        raise TypeError("not for multiplication")

    def __bool__(self):
        return float(self) > 100


def scale(items, factor):
    out = 0.0
    small = 0
    truthy = 0
    for i, x in enumerate(items):
        if x < 3.0:
            small += 1
        if x:
            truthy += 1
        try:
            out += x * factor
        except TypeError as error:
            print("at", i, error)
    return out, small, truthy


print(scale([1.0, 2.0, 4.0] * 200, 2.0))
print(scale([1.0, 2.0, 4.0] * 100 + [Sneaky(2.5), Sneaky(200)] + [1.0] * 100, 2.0))
