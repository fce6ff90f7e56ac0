# super(), abstract bases, multiple inheritance, class methods, __init__ chains, __new__ returning others.
# native: stressed


class A:
    made = 0

    def __init__(self, x):
        A.made += 1
        self.x = x

    def value(self):
        return self.x

    @classmethod
    def make(cls, x):
        return cls(x)

    @staticmethod
    def twice(x):
        return x * 2


class B(A):
    def __init__(self, x, y=1):
        super().__init__(x + y)
        self.y = y

    def value(self):
        return super().value() + self.y


class C(A):
    def value(self):
        return super().value() * 3


class D(B, C):
    def value(self):
        return super().value() - 1


def construct(n):
    s = 0
    for i in range(n):
        s += A(i).value() + B(i).value() + C(i).value() + D(i, 2).value()
        s += A.make(i).x + D.make(i).y + D.twice(i)
    return s, A.made


class Odd:
    """__new__ gives back something else from time to time, and then __init__ must not run."""

    initialized = 0

    def __new__(cls, i):
        if i % 10 == 0:
            return i
        return super().__new__(cls)

    def __init__(self, i):
        Odd.initialized += 1
        self.i = i


def odd(n):
    ints = 0
    s = 0
    for i in range(n):
        x = Odd(i)
        if type(x) is int:
            ints += 1
        else:
            s += x.i
    return ints, s, Odd.initialized


class BadInit:
    def __init__(self, i):
        if i % 100 == 50:
            return 5
        self.i = i


def bad_init(n):
    errors = 0
    s = 0
    for i in range(n):
        try:
            s += BadInit(i).i
        except TypeError as error:
            errors += 1
            message = str(error)
    return s, errors, message


def init_replaced(n):
    class K:
        def __init__(self, v):
            self.v = v

    def negative(self, v):
        self.v = -v

    s = 0
    for i in range(n):
        s += K(i).v
        if i == 300:
            K.__init__ = negative
        if i == 400:
            K.__new__ = lambda cls, v: object.__new__(cls)
    return s


class Meta(type):
    def __call__(cls, *args):
        obj = super().__call__(*args)
        obj.tag = len(args)
        return obj


class WithMeta(metaclass=Meta):
    def __init__(self, x):
        self.x = x


def meta(n):
    return sum(WithMeta(i).x + WithMeta(i).tag for i in range(n))


print(construct(300), odd(600), bad_init(500), init_replaced(600), meta(300))
