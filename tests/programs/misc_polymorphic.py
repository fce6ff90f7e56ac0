# Call sites and attribute accesses that see two, three and many types, in phases and interleaved.
# native: yes


class Shape:
    def __init__(self, size):
        self.size = size

    def describe(self):
        return self.area() * 2


class Square(Shape):
    def area(self):
        return self.size * self.size


class Circle(Shape):
    def area(self):
        return 3.0 * self.size * self.size


class Point(Shape):
    area = staticmethod(lambda: 0)


class Dynamic(Shape):
    def __getattr__(self, name):
        if name == "area":
            return lambda: -1
        raise AttributeError(name)


MANY = [type(f"Shape{k}", (Shape,), {"area": lambda self, k=k: k + self.size}) for k in range(12)]


def total(shapes, n):
    s = 0
    for i in range(n):
        s += shapes[i % len(shapes)].area()
        s += shapes[i % len(shapes)].describe()
    return s


def phases(groups, n):
    s = 0
    for shapes in groups:
        for i in range(n):
            s += shapes[i % len(shapes)].area()
    return s


one = [Square(3)]
two = [Square(2), Circle(1.5)]
three = [Square(1), Circle(0.5), Point(9)]
many = [cls(1) for cls in MANY] + [Dynamic(1)]
print(
    total(one, 400),
    total(two, 401),
    total(three, 402),
    total(many, 700),
    total(one, 400),
)
print(phases([one, two, three, many, one, many[::-1]], 200))


def operators(values, n):
    s = 0
    for i in range(n):
        a = values[i % len(values)]
        b = values[(i + 1) % len(values)]
        r = a + a
        s += len(str(r)) if not isinstance(r, (int, float)) else r
        if type(a) is type(b):
            s += a == b
    return s


print(
    operators([1, 2], 300),
    operators([1, 2.5], 300),
    operators([1, 2.5, "s", (1,), [2], 1 << 65, True, 1j], 800),
)


def functions(fs, n):
    s = 0
    for i in range(n):
        s += fs[i % len(fs)](i)
    return s


def double(x):
    return x * 2


def default(x, y=3):
    return x + y


class Callable:
    def __call__(self, x):
        return -x


mixed = [
    double,
    default,
    abs,
    int,
    float,
    Callable(),
    lambda x: x % 5,
    [].count,
    Square,
]
print(
    functions([double], 300),
    functions([double, default], 301),
    functions(mixed[:-1], 900),
)
try:
    functions(mixed, 100)
except TypeError as error:
    print(error)


def containers(items, n):
    s = 0
    for i in range(n):
        c = items[i % len(items)]
        s += c[i % 3]
        for x in c:
            s += 1
        s += len(c) * (i % 3 in c)
    return s


print(
    containers([[1, 2, 3]], 200),
    containers([[1, 2, 3], (4, 5, 6), {0: 1, 1: 2, 2: 3}, range(5), b"abc", bytearray(3)], 700),
)
