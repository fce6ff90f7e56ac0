"""Calls with keywords from one place: the function's defaults, code and signature change, and other callables come."""
import sys

log = []


def f(a, b=2, c=3, *, d=4):
    return a, b, c, d


def g(a, b, *, c, d):
    return a, b, c, d


def many(make, n=12):
    return [make(i) for i in range(n)][-1]


def attempt(make):
    try:
        return many(make)
    except TypeError as error:
        return str(error)


print(many(lambda i: f(1, c=i)), many(lambda i: f(a=1, c=i)), many(lambda i: f(c=i, b=5, a=6)), many(lambda i: f(1, d=i)))
print(many(lambda i: g(1, 2, c=3, d=i)), many(lambda i: g(d=1, c=2, b=3, a=i)), attempt(lambda i: g(1, 2, c=3)))
print(attempt(lambda i: f(1, a=2)), attempt(lambda i: f(b=1)), attempt(lambda i: f(1, e=2)), attempt(lambda i: f(1, 2, 3, 4, d=5)))


def positional(a, b, /, c, d=4):
    return a, b, c, d


print(many(lambda i: positional(1, 2, c=i)), attempt(lambda i: positional(1, b=2, c=3)))


def place(function, x, y):
    return function(x, b=y)


def default_of(a, b, c="one"):
    return a, b, c


print(many(lambda i: place(default_of, i, 2)))
default_of.__defaults__ = ("two",)
print(many(lambda i: place(default_of, i, 2)))
default_of.__defaults__ = None
print(attempt(lambda i: place(default_of, i, 2)))
default_of.__defaults__ = (1, 2, 3, 4, 5)
print(many(lambda i: place(default_of, i, 2)))
default_of.__kwdefaults__ = {"c": 1}
print(many(lambda i: place(default_of, i, 2)))
default_of.__code__ = (lambda b, a: (b, a, "swapped")).__code__
print(attempt(lambda i: place(default_of, i, 2)))
default_of.__code__ = (lambda a, c=0, b=1: (a, b, c, "code")).__code__
print(many(lambda i: place(default_of, i, 2)))


class Class:
    def __init__(self, a, b=0):
        self.state = a, b

    def method(self, a, b=0, *more, **others):
        return self.state, a, b, more, others

    def plain(self, a, b):
        return self.state, a, b

    def __call__(self, a, b):
        return "call", a, b


instance = Class(1)
for callable_ in (f, instance.plain, Class.plain.__get__(instance), lambda a, **k: (a, k), instance.method, instance, Class, dict, f):
    print(attempt(lambda i: getattr(place(callable_, [(1, i)] if callable_ is dict else i, "y"), "state", place)) is place, end=" ")
    result = attempt(lambda i: place(callable_, [(1, i)] if callable_ is dict else i, "y"))
    print(getattr(result, "state", result))
print(many(lambda i: instance.plain(b=1, a=i)), many(lambda i: instance.plain(i, b=2)))


def cells(a, b=1, *, c):
    def inner():
        return a, b, c

    a = inner()
    return inner


print(many(lambda i: cells(c=1, a=i))()[0])


def generator(a, b):
    yield a
    yield b


async def coroutine(a, b):
    return a, b


print(many(lambda i: list(generator(b=i, a=1))))
try:
    coroutine(b=1, a=2).send(None)
except StopIteration as stop:
    print(stop.value)


def wide(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p):
    return a, p, sum((b, c, d, e, f, g, h, i, j, k, l, m, n, o))


def wider(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q):
    return a, p, q


print(many(lambda x: wide(0, 1, 2, 3, 4, 5, 6, 7, o=14, n=13, m=12, l=11, k=10, j=9, i=8, p=x)))
print(many(lambda x: wide(0, 1, 2, 3, 4, 5, 6, o=14, n=13, m=12, l=11, k=10, j=9, i=8, p=x, h=7)))
print(many(lambda x: wider(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, p=x, q=1)))


class Loud:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        log.append(self.name)


def drop(a, b, c=None):
    log.append("in")
    del b
    log.append("out")


def deaths():
    log.clear()
    for i in range(12):
        drop(b=Loud("b"), a=Loud("a"))
        log.append("-")
    return log[-6:], len(log)


print(deaths())


def references(n=50):
    value, default = object(), f.__defaults__
    before = sys.getrefcount(value), sys.getrefcount(f), sys.getrefcount(default), sys.getrefcount(f.__code__)
    for _ in range(n):
        f(value, d=value)
        f(b=value, a=value)
    after = sys.getrefcount(value), sys.getrefcount(f), sys.getrefcount(default), sys.getrefcount(f.__code__)
    return before == after


print(references())


def names_of_keywords(n):
    """The tuple of names is a constant of this code: no call keeps it."""
    names = [constant for constant in names_of_keywords.__code__.co_consts if type(constant) is tuple]
    before = [sys.getrefcount(constant) for constant in names]
    for i in range(n):
        f(i, d=i, c=1)
        sorted((i,), key=None, reverse=True)
    return before == [sys.getrefcount(constant) for constant in names]


print(names_of_keywords(300))


def deep(n, step):
    if n:
        return deep(step=step, n=n - 1) + step
    return 0


print(deep(800, step=1))
try:
    deep(10**6, step=1)
except RecursionError as error:
    print(error)
try:
    many(lambda i: f(1, c=1 // (i - 6)))
except ZeroDivisionError as error:
    print(error.__traceback__.tb_next.tb_next.tb_lineno if error.__traceback__.tb_next.tb_next else None)
