# native: yes
# references: differ
"""Instances that are called: by positions of every number, with defaults and rests, wrongly, recursively, while their class
changes; metaclasses with __call__; and attributes of classes with __getattr__, present, missing and changing."""

import sys
import traceback

log = []


class Adder:
    def __init__(self, k):
        self.k = k

    def __call__(self, x):
        return x + self.k


class Rest:
    def __call__(self, *args, **kwargs):
        return len(args), sorted(kwargs)


class Defaults:
    def __call__(self, a, b=2, *, c=3):
        return a + b + c


class Nothing:
    def __call__():
        return "never"


class NoArguments:
    def __call__(self):
        return 5


class Generates:
    def __call__(self, n):
        for i in range(n):
            yield i


class Static:
    @staticmethod
    def __call__(x):
        return "static", x


class Instance:
    "Its __call__ is an instance that is called."

    __call__ = Adder(100)


class Plain:
    pass


def calls(n):
    add, rest, defaults, no = Adder(1), Rest(), Defaults(), NoArguments()
    gen, static, instance = Generates(), Static(), Instance()
    s = 0
    for i in range(n):
        s = add(s) + no()
        s += len(rest(1, i, 3)) + rest()[0] + rest(1, x=2)[0]
        s += defaults(i) + defaults(i, 4)
        for x in gen(3):
            s += x
        s += static(i)[1] + instance(i)
    return s


print(calls(600))


def one_place(n):
    kinds = [Adder(1), Rest(), Defaults(), Nothing(), NoArguments(), Generates(), Static(), Instance(), Plain(), len, str, 5, Adder]
    out = []
    for i in range(n):
        for x in kinds:
            for args in (), (1,), (1, 2), ([1],):
                try:
                    if len(args) == 0:
                        r = x()
                    elif len(args) == 1:
                        r = x(args[0])
                    else:
                        r = x(args[0], args[1])
                    r = list(r) if hasattr(r, "send") else r.k if isinstance(r, Adder) else r
                except TypeError as e:
                    r = str(e), [f.lineno - start for f in traceback.extract_tb(e.__traceback__)]
                out.append(r)
        if i < n - 1:
            out.clear()
    return out


start = sys._getframe().f_lineno
for line in one_place(60):
    print(line)


class Mortal:
    def __init__(self, name):
        self.name = name

    def __call__(self, other=None):
        self = other = None
        log.append(("called", sys._getframe(1).f_lineno - start))
        return "result"

    def __del__(self):
        log.append((self.name, sys._getframe(1).f_code.co_name))


def dying(n):
    for i in range(n):
        log.append(Mortal("callable")(Mortal("argument")))
        log.append(Mortal("alone")())
        if i < n - 1:
            log.clear()


dying(300)
print(log)
log.clear()


class Looks:
    def __call__(self, x):
        f = sys._getframe(1)
        f.f_locals["seen"] = f.f_lineno - start
        return sys.getrefcount(self)

    def method(self, x):
        return x(self)


def looking(n):
    a = Looks()
    both = [a]
    out = []
    for i in range(n):
        seen = None
        out = [a(i), seen, both[0](i), Looks()(i), Looks().method(a)]
    return out


print(looking(300))


class Fails:
    def __call__(self, x):
        if x % 50 == 49:
            raise KeyError(x)
        return x


def failing(n):
    f = Fails()
    s = 0
    for i in range(n):
        try:
            s += f(i) + f(i + 1)
        except KeyError as e:
            s += len(traceback.extract_tb(e.__traceback__)) + e.args[0]
    return s


print(failing(600))


class Deep:
    def __call__(self, n):
        return n and 1 + self(n - 1)


class Endless:
    depth = 0

    def __call__(self):
        Endless.depth += 1
        return self()


def recursion():
    for _ in range(5):
        print(Deep()(800))
    for _ in range(3):
        Endless.depth = 0
        try:
            Endless()()
        except RecursionError as e:
            print(e, Endless.depth, len(traceback.extract_tb(e.__traceback__)))


recursion()


class Changes:
    def __call__(self, x):
        return x


def changing(n):
    c = Changes()
    out = []
    for i in range(n):
        if i == 200:
            Changes.__call__ = lambda self, x: -x
        if i == 250:

            def replaces(self, x):
                del Changes.__call__
                return x + len(replaces.__name__)

            Changes.__call__ = replaces
        if i == 270:
            Changes.__call__ = lambda self, x, y=3: x * y
        if i == 280:
            Changes.__call__.__defaults__ = (4,)
        if i == 290:
            Changes.__call__.__code__ = (lambda self, x, y: x - y).__code__
        if i == 300:
            Changes.__call__ = None
        if i == 310:
            Changes.__call__ = print
        if i == 315:
            Changes.__call__ = lambda self, x: x
            c = type("Sub", (Changes,), {"__call__": lambda self, x: [x]})()
        try:
            out.append(c(i))
        except TypeError as e:
            out.append(str(e))
    return out


out = changing(330)
print(out[195:205], out[245:])


class Meta(type):
    instances = {}

    def __call__(cls, x):
        if x not in cls.instances:
            cls.instances[x] = super().__call__(x)
        return cls.instances[x]


class Single(metaclass=Meta):
    def __init__(self, x):
        self.x = x


def singles(n):
    return sum(Single(i % 7).x for i in range(n)), len(Meta.instances)


print(singles(700))


def tracer(frame, event, arg):
    if frame.f_code.co_name in ("tracing", "__call__"):
        log.append((event, frame.f_lineno - start))
    return tracer


class Traces:
    def __call__(self, on):
        if on:
            sys._getframe(1).f_trace = tracer
            sys.settrace(tracer)
        return on


def tracing(n):
    t = Traces()
    for i in range(n):
        x = t(i == n - 1)
    y = x
    sys.settrace(None)
    return y


print(tracing(300), log)
log.clear()


def generating(n):
    f = Adder(3)
    for i in range(n):
        yield f(i)
        yield f(f(i))


print(sum(generating(500)))


# Attributes where the class has __getattr__.
class Falls:
    shared = 7

    def __init__(self):
        self.own = 1
        self.other = 2

    @property
    def computed(self):
        return self.own + self.shared

    @property
    def failing(self):
        raise AttributeError("failing")

    def method(self):
        return self.own + self.missing

    def __getattr__(self, name):
        log.append(name)
        return len(name)


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self):
        self.a = 1

    def __getattr__(self, name):
        return "no " + name


def attributes(n):
    f, s = Falls(), Slotted()
    k = 0
    for i in range(n):
        k += f.own + f.other + f.shared + f.computed + f.failing + f.missing + f.method()
        k += s.a + len(s.b)
        if i == n - 50:
            del f.other
        if i == n - 40:
            s.b = "here"
            f.missing = 100
        if i == n - 30:
            f.__dict__["shared"] = 1000
        if i == n - 20:
            Falls.__getattribute__ = lambda self, name: 5 if name == "own" else object.__getattribute__(self, name)
        if i == n - 10:
            del Falls.__getattribute__
            del s.a
            Slotted.__getattr__ = lambda self, name: 50000000
            s.a
            s.a, s.b = 1, "again"
        if i == n - 5:
            del Falls.__getattr__
            f.other = f.missing = 1
            Falls.failing = 3
    return k, len(log), sorted(set(log))


print(attributes(700))
