# Operator overloads: reflected methods, NotImplemented, in-place ones, comparisons, subclasses first.
# native: stressed


class Vector:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, other):
        if not isinstance(other, Vector):
            return NotImplemented
        return Vector(self.x + other.x, self.y + other.y)

    def __mul__(self, k):
        return Vector(self.x * k, self.y * k) if isinstance(k, (int, float)) else NotImplemented

    __rmul__ = __mul__

    def __radd__(self, other):
        return self if other == 0 else NotImplemented

    def __iadd__(self, other):
        self.x += 1000
        return self

    def __neg__(self):
        return Vector(-self.x, -self.y)

    def __eq__(self, other):
        return isinstance(other, Vector) and (self.x, self.y) == (other.x, other.y)

    def __lt__(self, other):
        return self.x < other.x if isinstance(other, Vector) else NotImplemented

    def __getitem__(self, i):
        return (self.x, self.y)[i]

    def __len__(self):
        return 2

    def __call__(self, k):
        return self.x * k

    def __repr__(self):
        return f"Vector({self.x}, {self.y})"


class Special(Vector):
    def __radd__(self, other):
        return "special first"


def arithmetic(n):
    v = Vector(0, 0)
    step = Vector(1, 0.5)
    for i in range(n):
        v = v + step * i + 2 * step
        if v.x > 10000:
            v = -v
    return v


def in_place(n):
    v = w = Vector(0, 1)
    for _ in range(n):
        v += 1
    return v is w, v


def comparisons(n):
    vectors = [Vector(i % 7, 1) for i in range(20)]
    less = equal = greater = different = 0
    for i in range(n):
        a, b = vectors[i % 20], vectors[i * 3 % 20]
        less += a < b
        greater += a > b
        equal += a == b
        different += a != b
    return less, equal, greater, different


def protocol(n):
    v = Vector(3, 4)
    s = 0
    for i in range(n):
        s += v[i % 2] + len(v) + v(2)
        for x in v:
            s += x
        s += 4 in v
    return s


def failing(n):
    pairs = [
        (Vector(1, 1), 5),
        (5, Vector(1, 1)),
        (Vector(1, 1), "s"),
        (0, Vector(1, 1)),
    ]
    log = {}
    for i in range(n):
        a, b = pairs[i % 4]
        try:
            r = repr(a + b)
        except TypeError as error:
            r = str(error)
        try:
            a < b
        except TypeError as error:
            r += " / " + str(error)
        log[r] = log.get(r, 0) + 1
    return log


print(arithmetic(700), in_place(500), comparisons(900), protocol(400))
for message, count in failing(800).items():
    print(count, message)
print(
    sum(Vector(1, 1) + Special(0, 0) == "special first" for _ in range(300)),
    sum([Vector(1, 2)] * 300),
)
