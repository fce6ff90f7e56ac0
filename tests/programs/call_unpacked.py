# native: yes
"""Wrappers that hand on *args and **kwargs, calls that are not followed into their callee, and what both keep alive."""

import sys
import traceback

log = []


class Mortal:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        log.append(self.name)


def wrap(f):
    def inner(*args, **kwargs):
        return f(*args, **kwargs)

    return inner


@wrap
def target(a, b=2, *, c=3):
    return a + b + c


@wrap
def collects(*args, **kwargs):
    return len(args), sorted(kwargs)


def calls(n):
    s = 0
    for i in range(n):
        s += target(i) + target(i, 1) + target(i, b=5) + target(i, 1, c=7) + target(*[i, 2])
        s += len(collects(i, *(1, 2), x=i, **{"y": 1})[1])
        kwargs = {"b": i}
        if i % 5 == 4:
            kwargs["c"] = 1
        s += target(i, **kwargs)
    return s


print(calls(1500))


def wrong(n):
    out = []
    for i in range(n):
        kwargs = {"c": i}
        if i == n - 3:
            kwargs["d"] = 1
        if i == n - 2:
            kwargs["a"] = 1
        try:
            target(i, **kwargs)
            if i == n - 1:
                target(i, **kwargs, **{"c": 5})
        except TypeError as e:
            out.append((str(e), [(f.name, f.lineno) for f in traceback.extract_tb(e.__traceback__)]))
    return out


print(wrong(600))


def drops(x):
    x = None
    log.append("dropped")


def drops_all(*args, **kwargs):
    args = kwargs = None
    log.append("dropped")


def recursive(k, x, *rest):
    if k:
        return recursive(k - 1, x, *rest) + recursive(0, x)
    x = None
    return 1


def dying(n):
    s = 0
    for i in range(n):
        drops(Mortal("argument"))
        drops(*[Mortal("list")])
        drops(**{"x": Mortal("dict")})
        drops_all(Mortal("one"), key=Mortal("two"))
        s += recursive(3, Mortal("deep"), Mortal("rest"))
        log.append("end")
    return s


print(dying(400), log[-16:], len(log))
log.clear()


def many(a, b, c, d, e, f, g, h, i, j):
    return a + j


def tower(n, k):
    return many(n, 1, 2, 3, 4, 5, 6, 7, 8, k) if n == 0 else tower(n - 1, k) + many(n, 1, 2, 3, 4, 5, 6, 7, 8, k)


def towers(n):
    s = 0
    for i in range(n):
        s += tower(15, i)
        s += sum([*(1, 2), i])
    return s


print(towers(300))


class Callable:
    def __call__(self, x, *rest):
        return x, len(rest), sys._getframe(1).f_lineno


def callables(n):
    c = Callable()
    for i in range(n):
        r = c(i, 1, 2)
    return r


print(callables(400))


def imports(n):
    s = 0
    for i in range(n):
        import math
        from math import floor

        s += math.floor(i / 2) + floor(1.5)
    return s


print(imports(400))


def stores(n):
    a = b = c = None
    for i in range(n):
        a, b = Mortal("a"), Mortal("b")
        if (c := Mortal("c")) is not None:
            log.append(i)
        if Mortal("test") is None or Mortal("is") is Mortal("not"):
            log.append("never")


stores(300)
print(len(log), log[-20:])
