# Many closures of one code, cells rebound, functions made in loops.
# native: yes


def adder(n):
    return lambda x: x + n


def compose(f, g):
    return lambda x: f(g(x))


def made_and_called(n):
    total = 0
    for i in range(n):
        total += adder(i)(1)
        total += compose(adder(i), adder(-i))(i)
    return total


print(made_and_called(600))


def many(n):
    fs = [adder(k) for k in range(5)] + [adder("x")]
    total = 0
    text = 0
    for i in range(n):
        f = fs[i % 5]
        total += f(i)
        if i % 97 == 0:
            text += len(fs[5]("y"))
    return total, text


print(many(800))


def counter():
    n = 0

    def up(by=1, *, twice=False):
        nonlocal n
        n += by
        if twice:
            n += by
        return n

    def read():
        return n

    return up, read


def counters(n):
    (a, ra), (b, rb) = counter(), counter()
    for i in range(n):
        a()
        b(2)
        if i % 50 == 7:
            a(by=1 << 62)
            b(by=0.5)
    return ra(), rb()


print(counters(500))


def cell_types(n):
    x = 0

    def store(v):
        nonlocal x
        x = v

    def load():
        return x

    values = [1, 2.5, "s", None, (1,), 1 << 80, True]
    out = []
    for i in range(n):
        store(values[i % 7 if i > n // 2 else 0])
        v = load()
        if i % 31 == 0:
            out.append(v)
    return out


print(cell_types(700))


class Loud:
    def __init__(self, n):
        self.n = n

    def __del__(self):
        log.append(self.n)


log = []


def dying_contents(n):
    """What a cell held dies when it is overwritten; when its frame ends, what is left."""
    x = Loud(-1)

    def put(i):
        nonlocal x
        x = Loud(i)
        return len(log)

    seen = 0
    for i in range(n):
        seen += put(i)
    return seen


print(dying_contents(400), len(log), log[:3], log[-1])


def captured_argument(n):
    def make(v):
        def inner():
            return v

        return inner() + 1

    total = 0
    for i in range(n):
        total += make(i)
    return total


print(captured_argument(700))


def exchanged(n):
    """Code, defaults and globals of the closures differ or change."""

    def one(k):
        def f(x, y=k):
            return x * k + y

        return f

    fs = [one(k) for k in range(4)]
    total = 0
    for i in range(n):
        f = fs[i & 3]
        if i == n // 2:
            fs[1].__defaults__ = ()
            fs[1].__defaults__ = (7,)
        if i == n // 2 + 20:
            fs[2].__code__ = one(100).__code__
        if i == n - 100:
            fs[3].__code__ = adder(3).__code__
        total += f(i)
    return total


print(exchanged(900))


def deleted_cell(n):
    def outer(v):
        def inner():
            return v

        if v % 200 == 150:
            del v
        try:
            return inner()
        except NameError as e:
            return len(str(e))

    return sum(outer(i) for i in range(n)), [outer(i) for i in range(148, 153)]


print(deleted_cell(600))


def late_made(n):
    fs = []
    for i in range(n):

        def f(a, b=i, *, c=i):
            return a + b + c

        fs.append(f)
    return sum(f(1) for f in fs), fs[3].__qualname__, fs[4].__defaults__, fs[5].__kwdefaults__, fs[6].__closure__


print(late_made(300))
