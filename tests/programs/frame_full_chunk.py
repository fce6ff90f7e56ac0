# native: yes
"""Frames of a trace that do not fit the chunk of the data stack where they have to be written, for an escape or an exit: of
functions with every kind of parameter, whose defaults must not be lost or kept, nor asked for."""

import sys


class Default:
    pass


default, keyword_default = Default(), Default()


def wide(a, b=default, /, c=default, *rest, d, e=keyword_default, **others):
    v0 = v1 = v2 = v3 = v4 = v5 = v6 = v7 = v8 = v9 = a
    w0 = w1 = w2 = w3 = w4 = w5 = w6 = w7 = w8 = w9 = d
    text = repr([a, d])
    if a % 50 == 49:
        v0 = sys._getframe().f_back.f_code.co_name
        sorted([3, 1], key=lambda x: x + w9)
    return len(text) + (b is default) + (c is default) + (e is keyword_default) + len(rest) + len(others) + (v0 != v9)


def required(a, *, d):
    v0 = v1 = v2 = v3 = v4 = v5 = v6 = v7 = v8 = v9 = a
    w0 = w1 = w2 = w3 = w4 = w5 = w6 = w7 = w8 = w9 = d
    return len(repr([a, v0, w0])) if a % 7 else str(v9) and w9


class Record:
    def __init__(self, x, *, y):
        v0 = v1 = v2 = v3 = v4 = v5 = v6 = v7 = v8 = v9 = repr([x])
        w0 = w1 = w2 = w3 = w4 = w5 = w6 = w7 = w8 = w9 = y
        self.x = x + w9 + len(v9)


def replaced(a, *, d):
    v0 = v1 = v2 = v3 = v4 = v5 = v6 = v7 = v8 = v9 = a
    if a == 250:
        replaced.__code__ = other.__code__
    return len(repr([a, v9])) + d


def other(a, d):
    return -a


def hot(n):
    s = 0
    for i in range(n):
        s += wide(i, d=i + 1) + required(i, d=i) + Record(i, y=2).x + replaced(i, d=3)
    return s


def each(function, n):
    s = 0
    for i in range(n):
        s += function(i, d=i)
    return s


def at(depth, function, *args):
    if depth:
        return at(depth - 1, function, *args)
    return function(*args)


code = replaced.__code__
counts = sys.getrefcount(default), sys.getrefcount(keyword_default)
for depth in range(150):
    results = [at(depth, hot, 300)]
    replaced.__code__ = code
    results += [at(depth, each, wide, 120), at(depth, each, required, 120)]
    if depth % 10 == 0:
        print(depth, results)
print(counts == (sys.getrefcount(default), sys.getrefcount(keyword_default)))
