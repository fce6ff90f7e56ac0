"""`x.attribute`, `x.method()` and `x.attribute = value` on variables, while classes and instances change under them."""
log = []


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def total(self):
        return self.x + self.y


class Slots:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x = x
        self.y = y

    def total(self):
        return self.x * self.y


class Loud:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        log.append(self.name)


def read(p):
    return p.x


def call(p):
    return p.total()


def write(p, value):
    p.x = value


def run(p, n=20):
    out = []
    for i in range(n):
        out.append((read(p), call(p)))
        write(p, i)
    return out[-2:], read(p)


def attempt(function, *arguments):
    try:
        return function(*arguments)
    except AttributeError as error:
        return str(error)


def fresh(cls):
    return [run(cls(1, 2)), run(cls(3, 4))]


def functions():
    """The same three functions as new code objects, whose sites have seen nothing yet."""
    global read, call, write
    for f in (read, call, write):
        f.__code__ = f.__code__.replace(co_name=f.__code__.co_name)


for cls in (Point, Slots):
    functions()
    print(fresh(cls))
    # An attribute that is missing, then there again.
    p = cls(5, 6)
    run(p)
    del p.x
    print([attempt(f, p) for f in (read, call)], attempt(write, p, 7), attempt(read, p))
    # Its own method, where the instance can have one.
    p = cls(5, 6)
    run(p)
    try:
        p.total = lambda: "own"
    except AttributeError as error:
        print(error)
    print(call(p), call(cls(1, 1)))
    # A data descriptor and another method come to the class, and go.
    run(cls(8, 9))
    old = cls.__dict__["x"] if cls is Slots else None
    cls.x = property(lambda self: "property", lambda self, value: log.append(value))
    cls.total = lambda self: "replaced"
    q = cls.__new__(cls)
    print(read(q), call(q), write(q, 3), log)
    log.clear()
    if old is None:
        del cls.x
    else:
        cls.x = old
    print(attempt(read, q), call(q))

functions()
# The instance gets a dict of its own, with and without the values.
p = Point(1, 2)
run(p)
p.__dict__
print(run(p))
p.__dict__ = {"x": 10, "y": 20}
print(run(p))
vars(p)["x"] = "through the dict"
print(read(p))
p.__dict__.pop("x")
print(attempt(read, p))
q = Point(1, 2)
for i in range(60):
    setattr(q, f"a{i}", i)
print(run(q)[1], q.a59)

functions()
# Several types in one place, one after the other and mixed.
mixed = [Point(1, 2), Slots(3, 4), type("P2", (Point,), {})(5, 6), type("P3", (Point,), {"z": 1})(7, 8), type("S2", (Slots,), {})(9, 10)]
for p in mixed:
    print(run(p))
print([[(read(p), call(p), write(p, i)) for p in mixed] for i in range(30)][-1])

functions()


# What an attribute held dies in the assignment, on its line, and sees the new value.
class Owner:
    def __init__(self):
        self.x = None


class Witness:
    def __init__(self, owner):
        self.owner = owner

    def __del__(self):
        import sys

        frame = sys._getframe(1)
        log.append((type(self.owner.x).__name__, frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno))


log.clear()
owner = Owner()
for i in range(30):
    write(owner, Witness(owner))
write(owner, 0)
print(len(log), set(log))
log.clear()


def only_reference(n):
    for i in range(n):
        p = Loud(str(i))
        p.name = p.name + "!"
        p = p.name
        log.append("-")


only_reference(20)
print(log[:6], len(log))


def unbound(flag):
    if flag:
        p = Point(1, 2)
    return p.x


for _ in range(20):
    unbound(True)
try:
    unbound(False)
except UnboundLocalError as error:
    print(error)
