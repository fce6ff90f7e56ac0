# Reference counts as seen by functions that run once, without any loop: arguments are moved into a callee, not lent.
# native: no

from sys import getrefcount


def leaf(x):
    return getrefcount(x)


def middle(x):
    return leaf(x), getrefcount(x)


def keyword(*, x):
    return getrefcount(x)


def default(x, y=None):
    return getrefcount(x), getrefcount(y)


def collects(*args, **kwargs):
    return getrefcount(args[0]), getrefcount(kwargs["k"]), getrefcount(args), getrefcount(kwargs)


def recurses(x, n):
    return [getrefcount(x)] + (recurses(x, n - 1) if n else [])


class Thing:
    def __init__(self, x):
        self.seen = getrefcount(x), getrefcount(self)

    def method(self, x):
        return getrefcount(self), getrefcount(x)

    @property
    def value(self):
        return getrefcount(self)

    @classmethod
    def made(cls, x):
        return getrefcount(x)

    def __add__(self, other):
        return getrefcount(self), getrefcount(other)

    def __getitem__(self, key):
        return getrefcount(self), getrefcount(key)


def generates(x):
    yield getrefcount(x)
    yield getrefcount(x)


print(leaf([]), middle([]), keyword(x=[]), default([]), default([], []))
print(collects([], k=[]), collects(*[[]], **{"k": []}))
print(recurses([], 3))
print(Thing([]).seen, Thing([]).method([]), Thing([]).value, Thing.made([]))
print(Thing([]) + [], Thing([])[()], list(generates([])))
print((lambda x: getrefcount(x))([]), sorted([[]], key=getrefcount), sorted([[]], key=lambda x: getrefcount(x)))
