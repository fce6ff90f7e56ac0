# native: yes
"""Operators between numbers of all kinds and classes that derive from them, with and without methods in Python: which
operand is asked first, and what is a number without being asked."""


class Plain:
    def __add__(self, other):
        return "Plain.__add__", type(other).__name__

    def __radd__(self, other):
        return "Plain.__radd__", type(other).__name__

    def __rmul__(self, other):
        return NotImplemented

    def __rsub__(self, other):
        return "Plain.__rsub__", type(other).__name__


class Int(int):
    pass


class IntLeft(int):
    def __add__(self, other):
        return "IntLeft.__add__", type(other).__name__

    def __mul__(self, other):
        return NotImplemented


class IntRight(int):
    def __radd__(self, other):
        return "IntRight.__radd__", type(other).__name__

    def __rmul__(self, other):
        return NotImplemented

    def __rsub__(self, other):
        return "IntRight.__rsub__", type(other).__name__

    def __rmod__(self, other):
        return "IntRight.__rmod__", type(other).__name__

    def __gt__(self, other):
        return "IntRight.__gt__", type(other).__name__

    def __eq__(self, other):
        return NotImplemented if type(other) is bool else ("IntRight.__eq__", type(other).__name__)

    __hash__ = None


class Float(float):
    pass


class FloatRight(float):
    def __radd__(self, other):
        return "FloatRight.__radd__", type(other).__name__

    def __rmul__(self, other):
        return NotImplemented

    def __rsub__(self, other):
        return "FloatRight.__rsub__", type(other).__name__

    def __iadd__(self, other):
        return "FloatRight.__iadd__", type(other).__name__

    def __gt__(self, other):
        return "FloatRight.__gt__", type(other).__name__


class Complex(complex):
    def __radd__(self, other):
        return "Complex.__radd__", type(other).__name__


VALUES = [7, 1 << 70, 2.5, True, 1j, Plain(), Int(5), IntLeft(6), IntRight(8), Float(1.5), FloatRight(3.5), Complex(2)]


def add(a, b):
    for _ in range(40):
        r = a + b
    return r


def subtract(a, b):
    for _ in range(40):
        r = a - b
    return r


def multiply(a, b):
    for _ in range(40):
        r = a * b
    return r


def remainder(a, b):
    for _ in range(40):
        r = a % b
    return r


def add_in_place(a, b):
    for _ in range(40):
        r = a
        r += b
    return r


def comparing(a, values):
    """The same of comparisons, the results of which need not be bools."""
    seen = []
    for _ in range(60):
        for b in values:
            try:
                seen.append((a < b, a == b, a != b))
            except TypeError as error:
                seen.append(str(error))
    return seen[-len(values) :]


def changing(a, values):
    """The right operand's type changes within the loop."""
    seen = []
    for _ in range(60):
        for b in values:
            try:
                seen.append(a + b)
            except TypeError as error:
                seen.append(str(error))
    return seen[-len(values) :]


for a in VALUES:
    for b in VALUES:
        if Plain in (type(a), type(b)) and type(a) is type(b):
            continue
        for f in add, subtract, multiply, remainder, add_in_place:
            try:
                r = f(a, b)
                print(f.__name__, type(a).__name__, type(b).__name__, type(r).__name__, r)
            except (TypeError, ZeroDivisionError) as error:
                print(f.__name__, type(a).__name__, type(b).__name__, error)
    print([repr(v) for v in changing(a, [v for v in VALUES if type(v) is not Plain])])
    print(comparing(a, [v for v in VALUES if type(v) is not Plain]))
