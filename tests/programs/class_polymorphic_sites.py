# One place that sees owners of many types, and calls many functions: what each needs changes while others are in use.
# native: no

import math
import types


class Inline:
    def __init__(self, x):
        self.x = x

    def m(self, n):
        return ("inline", n, self.x)


class Other(Inline):
    def __init__(self, x):
        self.pad = 0
        self.x = x

    def m(self, n):
        return ("other", n)


class Slots:
    __slots__ = ("x",)

    def __init__(self, x):
        self.x = x

    def m(self, n):
        return ("slots", n)


class Prop:
    def __init__(self, x):
        self._x = x

    @property
    def x(self):
        return self._x

    @x.setter
    def x(self, value):
        self._x = ("set", value)

    def m(self, n, *rest):
        return ("prop", n, rest)


class Shared:
    x = "class attribute"

    @staticmethod
    def m(n):
        return ("static", n)


class Dict(Inline):
    def __init__(self, x):
        self.__dict__  # noqa: B018
        self.x = x

    def m(self, n, extra=5):
        return ("dict", n, extra)


class Getattr:
    def __getattr__(self, name):
        if name == "m":
            return lambda n: ("getattr", n)
        return "by __getattr__"


def load(o):
    return o.x


def store(o, v):
    o.x = v


def call(o, n):
    return o.m(n)


module = types.ModuleType("module")
module.x = "module"
module.m = lambda n: ("module", n)

owners = [Inline(1), Other(2), Slots(3), Prop(4), Shared(), Dict(6), Getattr(), module, Shared, Inline]
Inline.x = "hidden by instances"


def sweep(title):
    out = []
    for o in owners:
        try:
            out.append(load(o))
        except AttributeError as e:
            out.append(str(e))
    print(title, out)
    out = []
    for o in owners:
        if o is Inline:
            continue
        out.append(call(o, 1))
    print(title, out)


for i in range(12):
    sweep(i)

# The same owners in other orders, with what they have changing in between.
for i in range(40):
    o = owners[i * 7 % 8]
    if i % 5 == 0:
        Shared.x = i
    if i % 6 == 0:
        Inline.m = (lambda i: lambda self, n: ("changed", i, n, self.x))(i)
    if i % 9 == 0:
        owners[0] = Inline(i)
        owners[0].extra = i
    if i % 11 == 3:
        del owners[1].x
        owners[1].x = -i
    if i % 13 == 4:
        module.x = i
        module.new = i
    if i % 10 == 9:
        owners[0].m = lambda n: ("own", n)
    print(i, load(o), call(o, i))
    try:
        store(o, i)
    except AttributeError as e:
        print(e)
    print(load(o))

# Types that come and go.
for i in range(50):
    T = type(f"T{i}", (Inline,), {"x": ("type", i)} if i % 2 else {"m": lambda self, n: ("made", n, self.x)})
    t = T(i)
    print(load(t), call(t, i), end=" ")
    store(t, [i])
    del t.x
    print(load(t))
    del T, t


def none():
    return "none"


def one(a):
    return "one", a


def two(a, b):
    return "two", a, b


def two_default(a, b="default"):
    return "two", a, b


def keyword(a, *, b=1):
    return "keyword", a, b


def collects(*args):
    return "collects", args


def generates(a):
    yield a


async def coroutine(a):
    return a


def apply(f, a):
    return f(a)


class Callable:
    def __call__(self, a):
        return "callable", a


functions = [one, two_default, keyword, collects, lambda a: ("lambda", a), len, Callable(), Inline(7).m, str, Slots, none, two]
for i in range(60):
    f = functions[i * 5 % len(functions)]
    try:
        r = apply(f, "ab")
    except TypeError as e:
        r = str(e)
    print(type(r).__name__ if isinstance(r, Slots) else r)
    if i == 30:
        one.__code__ = two.__code__
    if i == 40:
        one.__defaults__ = (3,)
    if i == 50:
        one.__code__ = none.__code__
print(list(apply(generates, 1)), apply(math.sqrt, 4))
c = apply(coroutine, 5)
try:
    c.send(None)
except StopIteration as e:
    print(e.value)


def depth(f, n):
    return f(n)


def down(n):
    return depth(down if n % 2 else also_down, n - 1) if n else "bottom"


def also_down(n):
    return depth(also_down if n % 3 else down, n - 1) if n else "bottom"


print(down(300))
try:
    down(100000)
except RecursionError as e:
    print(e)
