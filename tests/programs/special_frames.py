# native: yes
# references: differ
"""Special methods in frames of their own, with and without traces: classes and methods that change while a place is hot, answers
of every kind, errors with handlers near by, operands that die in the middle, generators as callers, deep recursion."""

import operator
import sys
import traceback

log = []


class Base:
    def __init__(self, x):
        self.x = x

    def __eq__(self, other):
        return self.x == getattr(other, "x", other)

    def __lt__(self, other):
        if isinstance(other, int):
            return NotImplemented
        return self.x < other.x

    def __gt__(self, other):
        return ("gt", self.x)

    def __add__(self, other):
        return self.x + getattr(other, "x", other)

    def __radd__(self, other):
        return ("radd", other, self.x)

    def __isub__(self, other):
        self.x -= 1
        return self

    def __bool__(self):
        return self.x > 0

    def __len__(self):
        return self.x % 7

    def __contains__(self, item):
        return item == self.x and "there"


class Sub(Base):
    def __radd__(self, other):
        return ("sub radd", getattr(other, "x", other), self.x)

    def __gt__(self, other):
        return ["sub gt", self.x]


class Sized:
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __repr__(self):
        return f"Sized({self.n})"


def distinct(items):
    return [x for n, x in enumerate(items) if n == 0 or items[n - 1] != x]


def one_place(left, right, sized):
    "Each operation stands here once, and sees all classes."
    out = []
    for what in range(8):
        try:
            if what == 0:
                r = left == right
            elif what == 1:
                r = left < right
            elif what == 2:
                r = left + right
            elif what == 3:
                r = left
                r -= right
                r = r.x if isinstance(r, Base) else r
            elif what == 4:
                r = "true" if sized else "false"
            elif what == 5:
                r = len(sized)
            elif what == 6:
                r = right in left
            else:
                r = "less" if left < right else "not less"
        except Exception as e:
            tb = traceback.extract_tb(e.__traceback__)
            r = (type(e).__name__, str(e), [(f.name, f.lineno) for f in tb])
        out.append(r)
    return out


def mixed(n):
    kinds = [Base(3), Sub(4), 5, Sub(0), Base(0), "text", 2.5, None, [1], Sized(2)]
    out = []
    for i in range(n):
        left = kinds[i % 10]
        right = kinds[i // 10 % 10]
        if isinstance(left, Base):
            left.x = i % 10
        out.append(one_place(left, right, kinds[i // 3 % 10]))
    return out


results = mixed(700)
print(len(results))
for r in results[:100:7]:
    print(r)
for r in results[-30::3]:
    print(r)


# Methods that are rebound: while the place is hot, and while they run.
class Rebound:
    def __add__(self, other):
        return other + 1

    def __eq__(self, other):
        return True

    def __len__(self):
        return 1


def rebinding(n):
    a = Rebound()
    out = []
    for i in range(n):
        if i == 150:
            Rebound.__add__ = lambda self, other: other + 2
        if i == 200:

            def replaces(self, other):
                Rebound.__add__ = lambda self, other: other + 4
                frame = sys._getframe()
                return other + 3 + (frame.f_code.co_name == "replaces")

            Rebound.__add__ = replaces
            del replaces
        if i == 250:
            Rebound.__add__.__code__ = (lambda self, other: other + 5).__code__
        if i == 300:
            Rebound.__add__ = operator.eq
        if i == 310:
            Rebound.__add__ = staticmethod(lambda other: other + 6)
        if i == 320:
            Rebound.__add__ = lambda self, other, more=7: other + more
        if i == 330:
            Rebound.__add__.__defaults__ = (8,)
        if i == 340:
            Rebound.__add__ = lambda *args: args[1] + 9 + len(args)
        if i == 350:
            Rebound.__add__ = lambda self: 0
        if i == 360:
            Rebound.__add__ = None
        if i == 370:
            del Rebound.__add__
        if i == 380:
            Rebound.__radd__ = lambda self, other: "r"
            Rebound.__add__ = lambda self, other: NotImplemented
        if i == 390:

            def generates(self, other):
                yield other

            Rebound.__add__ = generates
        if i == 400:
            Rebound.__add__ = lambda self, other: other
            Rebound.__eq__ = lambda self, other: []
        if i == 410:
            Rebound.__len__ = lambda self: True
        if i == 420:
            Rebound.__bool__ = lambda self: len(log) < 0
        if i == 430:
            Rebound.__eq__ = object.__eq__
        try:
            r = a + (a if i == 385 else 0)
            r = next(r) if hasattr(r, "__next__") else r
        except TypeError as e:
            r = str(e)
        out.append((str(r), "yes" if a == 1 else "no", len(a), "true" if a else "false"))
    return distinct(out)


for line in rebinding(450):
    print(line)


class Changing:
    def __lt__(self, other):
        self.__class__ = Changed
        return True


class Changed:
    def __lt__(self, other):
        self.__class__ = Changing
        return False


def changing(n):
    a = Changing()
    return sum(1 if a < i else 2 for i in range(n)), [a < 1, a < 2, a < 3]


print(changing(400))


# What is above an operand on the stack when something is raised, and who handles it.
class Raises:
    def __init__(self, name):
        self.name = name

    def __add__(self, other):
        log.append("add")
        raise KeyError(self.name)

    def __eq__(self, other):
        raise KeyError(self.name)

    def __bool__(self):
        raise KeyError(self.name)

    def __len__(self):
        raise StopIteration(self.name)

    def __contains__(self, item):
        raise KeyError(self.name)

    def __del__(self):
        log.append(("del", self.name, sys._getframe(1).f_lineno - start))


start = sys._getframe().f_lineno


def handled(n):
    for i in range(n):
        for what in range(6):
            try:
                try:
                    if what == 0:
                        Raises("left") + Raises("right")
                    elif what == 1:
                        Raises("left") == Raises("right")
                    elif what == 2:
                        if Raises("truth"):
                            log.append("never")
                    elif what == 3:
                        len(Raises("length"))
                    elif what == 4:
                        Raises("item") in Raises("container")
                    else:
                        [1, 2, (3, Raises("left") + Raises("right"))]
                finally:
                    log.append(type(sys.exception()).__name__)
            except (KeyError, StopIteration) as e:
                frames = traceback.extract_tb(e.__traceback__)
                log.append((str(e), [f.lineno - start for f in frames]))
        if i < n - 1:
            log.clear()


handled(250)
for line in log:
    print(line)
log.clear()


# Generators and coroutines have no room above their stacks.
def generating(n, a, b):
    for i in range(n):
        yield a + b
        yield a == b
        if a:
            yield len(a)
        yield [i, (a + i, a < b)]


print(sum(len(str(x)) for x in generating(300, Base(2), Base(3))))


async def awaiting(n, a, b):
    s = 0
    for i in range(n):
        s += a + b
        s += (a == b) + len(a)
    return s


try:
    awaiting(300, Base(2), Base(3)).send(None)
except StopIteration as e:
    print(e.value)


# What callees see.
class Sees:
    def __init__(self, name):
        self.name = name

    def __add__(self, other):
        f = sys._getframe(1)
        f.f_locals["seen"] = sys.getrefcount(self), sys.getrefcount(other)
        return f.f_lineno - start, f.f_code.co_name, sorted(f.f_locals)

    def __eq__(self, other):
        self = other = None
        return True

    def __lt__(self, other):
        return sys.getrefcount(self), sys.getrefcount(other)

    def __bool__(self):
        return sys.getrefcount(self) > 2

    def __len__(self):
        return sys.getrefcount(self)

    def __contains__(self, item):
        log.append((sys.getrefcount(self), sys.getrefcount(item)))
        return True


def seeing(n):
    a, b = Sees("a"), Sees("b")
    both = [a, b]
    out = []
    for i in range(n):
        seen = None
        r = a + b
        out.append((r, seen))
        r = both[0] + Sees("new")
        out.append((r, seen))
        out.append(a < b)
        out.append(Sees("new") < both[1])
        out.append("true" if Sees("new") else "false")
        out.append("true" if both[0] else "false")
        out.append((len(a), len(both[0]), len(Sees("new"))))
        out.append((a in b, Sees("new") in both[1], b in Sees("new")))
        out.append(Sees("x") == Sees("y"))
    return out[-9:]


for line in seeing(60):
    print(line)
print(log[-3:])
log.clear()


# Items of many classes in one place.
class Items:
    def __getitem__(self, i):
        log.append(i)
        return NotImplemented if i == 2 else i


class More(Items):
    def __getitem__(self, i):
        if i > 3:
            raise IndexError(i)
        return super().__getitem__(i)


class Listed(list):
    def __getitem__(self, i):
        self = None
        return i, "listed"


class Meta(type):
    def __getitem__(cls, i):
        return cls.__name__, i


class Subscripted(metaclass=Meta):
    pass


class Generic:
    def __class_getitem__(cls, i):
        return "generic", i


def items(n):
    kinds = [Items(), More(), Listed([1]), [5, 6, 7, 8, 9], {i: -i for i in range(5)}, Subscripted, Generic, "texts", More(), 3]
    out = []
    for i in range(n):
        for x in kinds:
            try:
                r = x[i % 5]
            except (TypeError, IndexError) as e:
                r = str(e), [f.lineno - start for f in traceback.extract_tb(e.__traceback__)]
            out.append(r)
        r = (Listed() if i % 2 else More())[i % 3]
    return out[-50:]


for line in items(200):
    print(line)
print(len(log), set(log[-100:]))
log.clear()


# Recursion through special methods, as deep as plain functions go.
class Deep:
    def __init__(self, depth):
        self.inner = Deep(depth - 1) if depth else None

    def __add__(self, other):
        return 1 if self.inner is None else 1 + (self.inner + other)

    def __eq__(self, other):
        return self.inner == other.inner

    def __lt__(self, other):
        return self.inner is None or self.inner < other

    def __len__(self):
        return 1 if self.inner is None else 1 + len(self.inner)

    def __bool__(self):
        return self.inner is None or not self.inner

    def __contains__(self, item):
        return self.inner is None or item in self.inner


class Endless:
    depth = 0

    def __add__(self, other):
        Endless.depth += 1
        return self + other

    def __eq__(self, other):
        Endless.depth += 1
        return self == other

    def __bool__(self):
        Endless.depth += 1
        return not self

    def __len__(self):
        Endless.depth += 1
        return len(self)

    def __contains__(self, item):
        Endless.depth += 1
        return item in self


def operate(what, a, b):
    if what == 0:
        return a + b
    if what == 1:
        return a == b
    if what == 2:
        return not a
    if what == 3:
        return len(a)
    return b in a


def recursion():
    a, b = Deep(400), Deep(400)
    for _ in range(5):
        print(a + b, a == b, a < b, len(a), not a, b in a)
    for what in range(5):
        for _ in range(3):
            Endless.depth = 0
            try:
                operate(what, Endless(), Endless())
            except RecursionError as e:
                print(e, Endless.depth, len(traceback.extract_tb(e.__traceback__)))


recursion()


# Tracing that begins in a callee.
class Traces:
    def __add__(self, other):
        sys.settrace(tracer)
        return other

    def __lt__(self, other):
        sys.settrace(tracer)
        sys._getframe(1).f_trace = tracer
        return False

    def __bool__(self):
        sys._getframe(1).f_trace = tracer
        sys.settrace(tracer)
        raise ValueError


def tracer(frame, event, arg):
    if frame.f_code.co_name in ("tracing", "__add__", "__lt__", "__bool__"):
        log.append((event, frame.f_lineno - start))
    return tracer


def tracing(a, b, on):
    for i in range(120):
        if on and i == 100:
            a = Traces()
        x = a + b
        y = 1 if a < b else 2
        try:
            z = 1 if a else 2
        except ValueError:
            sys.settrace(None)
            sys._getframe().f_trace = None
    return x, y, z


class Quiet(Traces):
    def __add__(self, other):
        return other

    def __lt__(self, other):
        return False

    def __bool__(self):
        return True


for _ in range(3):
    tracing(Quiet(), 2, False)
tracing(Quiet(), 2, True)
print(log[:40], len(log))
