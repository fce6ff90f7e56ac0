# Binary operators over user classes: reflected, in-place, NotImplemented, subclass priority, changed while running.
# native: no


class Num:
    def __init__(self, n):
        self.n = n

    def __add__(self, other):
        return Num(self.n + (other.n if isinstance(other, Num) else other))

    def __radd__(self, other):
        return Num(other - self.n)

    def __iadd__(self, other):
        self.n += 1000
        return self

    def __mul__(self, other):
        if isinstance(other, float):
            return NotImplemented
        return Num(self.n * 2)

    def __eq__(self, other):
        return NotImplemented if other == "never" else self.n == getattr(other, "n", other)

    def __hash__(self):
        return self.n

    def __matmul__(self, other):
        return (self.n, other)

    def __neg__(self):
        return Num(-self.n)

    def __index__(self):
        return self.n % 5


class Sub(Num):
    def __radd__(self, other):
        return Sub(-1)

    def __floordiv__(self, other):
        return "floor"


def work(n, errors):
    total = 0
    values = [Num(1), Sub(2), 3, 4.5, True]
    for i in range(n):
        a = values[i % 5]
        b = values[i // 5 % 5]
        try:
            c = a + b
            total += c.n if isinstance(c, Num) else c
            total += (a == b) + (a != b) * 2
            d = -a
            total += d.n if isinstance(d, Num) else d
            total += [10, 20, 30, 40, 50][a]
            c = a * b
            total += c.n if isinstance(c, Num) else c
        except TypeError as error:
            errors[str(error)] = errors.get(str(error), 0) + 1
        if i % 10 == 0:
            x = a
            x += 1
            total += x.n % 7 if isinstance(x, Num) else x
        if i == n // 2:
            Num.__mul__ = lambda self, other: 5
        if i == n * 3 // 4:
            del Sub.__radd__
    return total


errors = {}
print(work(2000, errors))
for key in sorted(errors):
    print(errors[key], key)
print(Num(3) @ 4, Sub(1) // 2, Num(1) == "never", Num(1) in [1, 2])
