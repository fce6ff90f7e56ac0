# native: yes
"""Classes, instances and bound methods that are called by keywords, with tuples and dicts; classes with metaclasses: what __init__
and __call__ see, what they may not return, who dies when, what raises where, what is traced, how deep it goes."""

import sys
import traceback
from abc import ABC

log = []


class Point:
    def __init__(self, x, y=2, *rest, z=3, **others):
        self.all = (x, y, rest, z, sorted(others.items()))


class Slots:
    __slots__ = ("x",)

    def __init__(self, x):
        self.x = x


class Vector:
    def __init__(self, x, y, label=None):
        if x > 2**62:
            self.big = True
        self.x = x
        self.y = y + 3 if y < 100 else -(y % 50)
        if label:
            self.label = label

    def __add__(self, other):
        return Vector(x=self.x + other.x, y=self.y + other.y)

    def scaled(self, by, *args):
        return Vector(*(self.x * by, self.y), *args)


class Meta(type):
    pass


class MetaVector(Vector, metaclass=Meta):
    def __add__(self, other):
        return MetaVector(self.x + other.x, self.y + other.y, label=self.y % 7 == 0 and [self])


class OfMeta(metaclass=Meta):
    def __init__(self, x, y=5):
        self.x = x + y


class Abstract(ABC):
    def __init__(self, x):
        self.x = x


class Inherits(Abstract):
    pass


class Called:
    def __call__(self, a, b=1, *, c=2):
        return a + b + c

    def method(self, a, b=1, *c, d=2):
        return a + b + len(c) + d


class Calls(type):
    def __call__(cls, *args, **kwargs):
        return (cls.__name__, args, kwargs)


class OfCalls(metaclass=Calls):
    pass


def everything(n):
    called = Called()
    one, two, three = (1,), (1, 2), [1, 2, 3]
    named, nothing, wrapped = {"b": 5}, {}, Called().method
    s = 0
    for i in range(n):
        p = Point(i, z=1)
        q = Point(x=i, y=4)
        r = Point(*two)
        t = Point(*three, z=i)
        u = Point(i, **{"w": i, "z": 1})
        s += p.all[0] + q.all[1] + r.all[1] + len(t.all[2]) + u.all[4][0][1]
        s += Slots(x=i).x + Slots(*one).x + Slots(*[i]).x
        s += OfMeta(i).x + OfMeta(i, y=1).x + OfMeta(*two).x + Abstract(i).x + Inherits(x=i).x + Inherits(*one, **nothing).x
        s += called(i, b=2) + called(a=i, c=1) + called(*two) + called(*one, **named) + called(i, **nothing)
        s += called.method(*two) + called.method(*three) + wrapped(*one) + wrapped(*one, **named) + wrapped(i, b=3)
        s += len(OfCalls(i, k=1)[2]) + len(OfCalls(*two)[1]) + len(OfCalls(i)[0])
    return s


print(everything(600))


def vectors(n):
    v, w, out = Vector(x=1, y=1), MetaVector(1, 1), []
    labels = [None, "text", ["list"], 5, 2.5, Vector]
    for i in range(n):
        v = v + Vector(x=i, y=i, label=labels[i // 30 % 6])
        w = w + MetaVector(i, v.y, labels[i // 50 % 6])
        if i % 100 == 99:
            out.append((v.x, v.y, w.x, w.y, v.scaled(3, "label").label, sorted(vars(v.scaled(2**40))), len(vars(w))))
            w.x *= 2**20
            v.x = float(v.x) if i % 200 == 99 else int(v.x)
        u = v.scaled(i)
    return out, u.x, v.x


for line in vectors(900):
    print(line)


class Wrong:
    def __init__(self, x, *, y):
        pass


class Returns:
    def __init__(self, x=0):
        return x

    def __del__(self):
        log.append("returned")


class Generates:
    def __init__(self, x):
        yield x


class NoInit:
    pass


class New:
    def __new__(cls, *args, **kwargs):
        return (args, kwargs) if args else object.__new__(cls)

    def __init__(self, **kwargs):
        self.kwargs = kwargs


class Few:
    def __init__():
        pass

    def __call__():
        pass


class Static:
    @staticmethod
    def __init__(x):
        log.append(x)

    @staticmethod
    def __call__(x, y=0):
        return "static", x, y


class Raises(Exception):
    def __init__(self, x, y=1):
        self.x = x


class Unhashable(str):
    pass


def wrongly(n):
    few, static, out = Few.__new__(Few), Static.__new__(Static), []
    odd = {Unhashable("x"): 1}
    for i in range(n):
        out.clear()
        log.clear()
        for kind in range(34):
            r = None
            try:
                match kind:
                    case 0: Wrong(1, 2)
                    case 1: Wrong(1, y=2, z=3)
                    case 2: Wrong(1, x=2)
                    case 3: Wrong(*())
                    case 4: Wrong(*(1, 2), y=1)
                    case 5: Returns(x=1)
                    case 6: Returns(*("a",))
                    case 7: Returns(x=None)
                    case 8: Generates(x=1)
                    case 9: Generates(*(1,))
                    case 10: NoInit(x=1)
                    case 11: NoInit(*(1,))
                    case 12: NoInit(*())
                    case 13: r = New(x=1).kwargs
                    case 14: r = New(1, x=1)
                    case 15: r = New(*(1, 2))
                    case 16: Few(x=1)
                    case 17: Few(*())
                    case 18: few(x=1)
                    case 19: few(*(1,))
                    case 20: Static(x=1)
                    case 21: Static(*(1,))
                    case 22: r = static(x=5)
                    case 23: r = static(*(6,), **{"y": 7})
                    case 24: r = Raises(x=3).x
                    case 25: r = Raises(*(4,)).args
                    case 26: Slots(*5)
                    case 27: Slots(**5)
                    case 28: Slots(**{5: 1})
                    case 29: r = Slots(**odd).x
                    case 30: few(**odd)
                    case 31: Meta(x=1)
                    case 32: r = type(Meta(*("Made", (), {}))).__name__
                    case 33: r = static.__class__.__call__(8, y=1)
            except TypeError as e:
                r = str(e), [f.lineno - start for f in traceback.extract_tb(e.__traceback__)]
            out.append((kind, r))
    return out


start = sys._getframe().f_lineno
for line in wrongly(60):
    print(line)
print(log)
log.clear()


class Mortal:
    def __init__(self, name, other=None, fail=False):
        self.name = name
        other = None
        log.append(("in", sys._getframe(1).f_lineno - start))
        if fail:
            self = None
            raise KeyError(name)

    def __call__(self, other=None, **more):
        self = other = more = None
        log.append("called")

    def method(self, other=None):
        self = other = None
        log.append("method")

    def __del__(self):
        log.append((self.name, sys._getframe(1).f_code.co_name))


class MetaMortal(Mortal, metaclass=Meta):
    pass


def dying(n):
    for i in range(n):
        log.clear()
        Mortal("by keyword", other=Mortal("argument"))
        Mortal(*("by tuple", Mortal("in tuple")))
        Mortal("called", other=None)(other=Mortal("given"))
        Mortal("called with tuple")(*(Mortal("in it"),))
        Mortal("bound").method(*(Mortal("to it"),))
        MetaMortal("of meta", Mortal("to meta"))
        for make in Mortal, MetaMortal:
            try:
                make("fails", other=Mortal("kept"), fail=True)
            except KeyError as e:
                log.append((e.args, [f.lineno - start for f in traceback.extract_tb(e.__traceback__)]))
            try:
                make(*("fails with tuple", Mortal("kept in tuple"), True))
            except KeyError:
                log.append("failed")
            try:
                make("fails plainly", Mortal("kept, too"), True)
            except KeyError:
                log.append("failed")


start = sys._getframe().f_lineno
dying(400)
for line in log:
    print(line)
log.clear()


class Counts:
    def __init__(self, a, b=None, *c, d=None):
        self.counts = [sys.getrefcount(x) for x in (self, a, b, d)], [sys.getrefcount(x) for x in c]
        f = sys._getframe(1)
        self.seen = f.f_code.co_name, f.f_lineno - start, sorted(f.f_locals)

    def method(self, a, b=None):
        return sys.getrefcount(self), sys.getrefcount(a), sys.getrefcount(b)


class MetaCounts(Counts, metaclass=Meta):
    pass


def counting(n):
    a, b = [1], [2]
    t, d = (a, b, a), {"d": b}
    out = []
    for i in range(n):
        out = [
            (c.counts, c.seen)
            for c in (
                Counts(a, b=b),
                Counts(a, d=b),
                Counts(*t),
                Counts(*t, **d),
                Counts(*t, **{}),
                Counts([], b=[]),
                MetaCounts(a, b),
                MetaCounts(a, b=b),
                MetaCounts(*t),
            )
        ]
        c = Counts(a, b=b)
        out += [c.method(*(a, b)), c.method(*(a,), **{"b": b}), c.method(a, b=b)]
    return out


start = sys._getframe().f_lineno
for line in counting(300):
    print(line)


class Deep:
    depth = 0

    def __init__(self, n=0, **more):
        Deep.depth += 1
        if n:
            Deep(n=n - 1)
        elif n is None:
            Deep(n=None)

    def __call__(self, n=0):
        Deep.depth += 1
        return n and 1 + self(n=n - 1)

    def method(self, *n):
        Deep.depth += 1
        return self.method(*n)


class MetaDeep(metaclass=Meta):
    def __init__(self, n):
        Deep.depth += 1
        MetaDeep(n)


class TupleDeep:
    def __init__(self, *n):
        Deep.depth += 1
        TupleDeep(*n)


class CalledDeep:
    def __call__(self, *n):
        Deep.depth += 1
        return self(*n)


def recursion():
    for _ in range(5):
        Deep(n=800)
        print(Deep()(n=800))
    for _ in range(4):
        for kind in range(5):
            Deep.depth = 0
            try:
                match kind:
                    case 0: Deep(n=None)
                    case 1: Deep().method(1)
                    case 2: MetaDeep(1)
                    case 3: TupleDeep(*(1,))
                    case 4: CalledDeep()(1)
            except RecursionError as e:
                print(kind, e, len(traceback.extract_tb(e.__traceback__)), Deep.depth)


recursion()


class Takes:
    x = 5

    def __call__(self, x, y=0):
        return x + y


def replaced(n):
    class C:
        def __init__(self, x, y=0):
            if x % 70 == 69:
                del C.__init__
                C.__init__ = lambda self, x, y=0, z=x: setattr(self, "x", -z - y)
            self.x = x + y

        def __call__(self, x, y=0):
            if x % 90 == 89:
                del C.__call__
                C.__call__ = lambda self, x, y=0, z=x: x - z
            return x + y

    out = []
    for i in range(n):
        out += [C(i, y=1).x, C(*(i,)).x, C(i)(i, y=1), C(i)(*(i,))]
        if i == n - 100:
            C.__new__ = lambda cls, *args, **kwargs: object.__new__(cls)
        if i == n - 50:
            C.__new__ = lambda cls, *args, **kwargs: Takes() if args[0] % 2 else object.__new__(cls)
        if i == n - 20:
            C.__new__ = lambda cls, *args, **kwargs: object.__new__(cls)
            C.__init__.__code__ = (lambda self, x, y=0: setattr(self, "x", "code")).__code__
    return out


print(replaced(700))


class Traced:
    def __init__(self, x, switch):
        if switch:
            sys.settrace(tracer)
            sys._getframe(1).f_trace = tracer

    def __call__(self, x, switch):
        if switch:
            sys.settrace(tracer)
            sys._getframe(1).f_trace = tracer

    method = __call__


class MetaTraced(Traced, metaclass=Meta):
    pass


def tracer(frame, event, arg):
    events.append((event, frame.f_code.co_name, frame.f_lineno - start))
    return tracer


def traced(n, what):
    t = Traced(1, False)
    for i in range(n):
        if what == 0:
            Traced(i, switch=i == n - 3)
        elif what == 1:
            Traced(*(i, i == n - 3))
        elif what == 2:
            MetaTraced(i, i == n - 3)
        elif what == 3:
            t(i, switch=i == n - 3)
        elif what == 4:
            t(*(i, i == n - 3))
        else:
            t.method(*(i, i == n - 3))
        i += 1
    sys.settrace(None)


start = sys._getframe().f_lineno
for what in range(6):
    events = []
    traced(400, what)
    print(what, events)


def generator(n):
    c = Called()
    for i in range(n):
        yield Point(i, z=1).all[0]
        yield Slots(*(i,)).x
        yield OfMeta(i).x + c(i, b=1) + c(*(i,)) + c.method(*(i, 2))


print(sum(generator(900)))
