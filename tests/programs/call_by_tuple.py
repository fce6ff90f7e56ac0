"""Calls of C code that takes a tuple: types without vectorcall, METH_VARARGS functions, slot wrappers."""

import contextvars
import functools
import itertools
import operator
import struct
import sys
from decimal import Context, Decimal, ROUND_DOWN


class Plain:
    pass


class Sized(list):
    pass


def calls():
    found = []
    get = type.__dict__["__mro__"].__get__
    cached = functools.lru_cache(lambda x, y=2: (x, y))
    partial = functools.partial(divmod, 17)
    context = Context(prec=6, rounding=ROUND_DOWN)
    for i in range(60):
        found.append(get(bool))
        found.append(cached(i % 3))
        found.append(cached(i % 3, 5))
        found.append(partial(i + 1))
        found.append(context.quantize(Decimal(i) / 3, Decimal("0.01")))
        found.append(Decimal(i).quantize(Decimal("0.1")))
        found.append(struct.unpack("<H", struct.pack("<H", i)))
        found.append((i).__add__(3))
        found.append(int.__add__(i, 4))
        found.append(Sized(range(i % 4)))
        found.append(type(Plain()).__name__)
        found.append(operator.itemgetter(0)([i]))
        found.append(list(itertools.islice(range(100), i, i + 3)))
        found.append("{}-{}".format(i, None))
        found.append(getattr(i, "real"))
    return found


print(calls()[-60:])


def errors():
    found = []

    def attempt(call):
        try:
            found.append(call())
        except Exception as e:
            found.append((type(e).__name__, str(e), e.__traceback__.tb_next.tb_lineno - errors.__code__.co_firstlineno))

    for i in range(30):
        attempt(lambda: (i).__add__())
        attempt(lambda: int.__add__(i))
        attempt(lambda: int.__add__("a", 1))
        attempt(lambda: Plain(i))
        attempt(lambda: struct.pack("B", 256))
        attempt(lambda: functools.partial())
        attempt(lambda: Plain()(1))
        attempt(lambda: Decimal(1).quantize())
        attempt(lambda: Decimal(10).quantize(Decimal("1e-99")))
        attempt(lambda: contextvars.ContextVar())
    return found


print(errors()[-10:])


class Seen:
    """Tells how often its argument is referred to while C code calls it."""

    def __init__(self, argument):
        self.count = sys.getrefcount(argument)

    def __add__(self, other):
        return sys.getrefcount(other)


def counts():
    found = []
    seen = Seen(0)
    tell = functools.partial(sys.getrefcount)
    add = seen.__add__
    wrapped = functools.lru_cache(maxsize=0)(sys.getrefcount)
    for i in range(40):
        o = object()
        found.append((tell(o), add(o), wrapped(o), Seen(o).count, tell(object()), wrapped(object())))
    return set(found)


print(counts())


class Loud:
    def __del__(self):
        print("died", end=" ")


def deaths():
    keep = functools.partial(lambda *args: len(args))
    for i in range(5):
        print(keep(Loud(), Loud()), end=";")
        print(Sized([Loud()]).__len__(), end=";")
        print(type("T", (), {}).__name__, end=";")


deaths()
print()


def deep(n):
    return partial_deep(n - 1) if n else 0


partial_deep = functools.partial(deep)
try:
    print(deep(20))
    partial_deep(10**6)
except RecursionError as e:
    print("RecursionError")
