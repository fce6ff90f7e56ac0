# super() in methods, classmethods, properties and closures over a diamond, with classes changed half-way.
# native: no


class A:
    def f(self, n):
        return n + 1

    @classmethod
    def make(cls, n):
        return cls, n

    @property
    def p(self):
        return 10


class B(A):
    def f(self, n):
        return super().f(n) * 2

    @classmethod
    def make(cls, n):
        return super().make(n + 1)

    @property
    def p(self):
        return super().p + 1


class C(A):
    def f(self, n):
        return super().f(n) + 100

    @property
    def p(self):
        return super(C, self).p * 3


class D(B, C):
    def f(self, n):
        def inner():
            return super(D, self).f(n)

        return inner() + super().f(n)

    @classmethod
    def make(cls, n):
        return super().make(n)

    @property
    def p(self):
        return super().p - 1

    def missing(self):
        return super().nowhere


def main():
    d = D()
    total = 0
    for i in range(1200):
        total += d.f(i) + d.p + d.make(i)[1]
        if i == 700:
            C.f = lambda self, n: A.f(self, n) - 5
        if i == 900:
            D.__bases__ = (C, B)
        if i == 1000:
            d.__class__ = B
    print(total, d.f(1), d.p, d.make(3)[0].__name__)
    errors = 0
    for i in range(300):
        try:
            D().missing()
        except AttributeError as error:
            errors += len(str(error))
    print(errors)


main()
