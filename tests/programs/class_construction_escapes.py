# native: yes
"""What is called within __init__ of what a hot loop makes looks around, holds on, raises, and lets things die."""

import gc
import sys
import weakref

log = []


def call(f, *args):
    # min's key is called by C code.
    result = []
    min([0], key=lambda _: result.append(f(*args)) or 0)
    return result[0]


def look(n):
    frame = sys._getframe(1)
    while frame.f_code.co_name != "__init__":
        frame = frame.f_back
    caller = frame.f_back
    return frame.f_lineno, sorted(frame.f_locals), caller.f_code.co_name, caller.f_lineno, sorted(caller.f_locals)


class Looked:
    def __init__(self, n):
        self.n = n
        if n % 50 == 49:
            log.append(call(look, n))
        self.text = str(n)


def make_looked(n):
    kept = None
    for i in range(n):
        kept = Looked(i)
    return kept.n, kept.text


class Outer:
    def __init__(self, n):
        self.inner = Inner(self, n)
        self.n = n


class Inner:
    def __init__(self, outer, n):
        self.ref = weakref.ref(outer)
        self.count = call(sys.getrefcount, outer)
        self.has = sorted(vars(outer))
        self.data = list(range(n % 3))


def make_nested(n):
    counts = {}
    for i in range(n):
        o = Outer(i)
        key = o.inner.count, tuple(o.inner.has), o.inner.ref() is o, len(o.inner.data)
        counts[key] = counts.get(key, 0) + 1
    return counts


class Raises:
    def __init__(self, n):
        self.n = n
        self.value = int("x" if n % 37 == 36 else "7")

    def __del__(self):
        log.append(("del", self.n, hasattr(self, "value")))


def make_raising(n):
    caught = []
    total = 0
    for i in range(n):
        try:
            total += Raises(i).value
        except ValueError as error:
            tb = error.__traceback__
            lines = []
            while tb:
                lines.append((tb.tb_frame.f_code.co_name, tb.tb_lineno))
                tb = tb.tb_next
            caught.append((i, str(error), lines))
    return total, caught


class Holds:
    """Keeps the frame of its __init__ now and then: it is no longer machine code's."""

    frames = []

    def __init__(self, n):
        local = [n]
        if n % 60 == 59:
            call(Holds.frames.append, sys._getframe())
        self.n = len(repr(local))


def make_holding(n):
    total = 0
    for i in range(n):
        total += Holds(i).n
    return total


class Rebinds:
    def __init__(self, n):
        self.n = n
        self.kind = repr(n)
        if n == 150:
            Rebinds.__init__ = lambda self, n: setattr(self, "kind", "other") or setattr(self, "n", -n)


def make_rebinding(n):
    seen = []
    for i in range(n):
        o = Rebinds(i)
        seen.append((o.n, o.kind))
    return seen[145:155]


class Deep:
    def __init__(self, n):
        self.below = Deep(n - 1) if n else None
        self.text = str(n).zfill(3)


def depth(o):
    d = 0
    while o:
        d, o = d + 1, o.below
    return d


class NotNone:
    def __init__(self, n):
        self.n = str(n)
        if n == 180:
            return n


def returns_something(n):
    for i in range(n):
        try:
            NotNone(i)
        except TypeError as error:
            return i, str(error), error.__traceback__.tb_next is None


print(make_looked(200))
print(make_nested(300))
print(make_raising(200))
print(make_holding(300), [f.f_locals["local"] for f in Holds.frames], [f.f_back.f_code.co_name for f in Holds.frames])
print(make_rebinding(200))
print([depth(Deep(n)) for n in range(40)][-3:])
print(returns_something(250))
gc.collect()
limit = sys.getrecursionlimit()
try:
    Deep(limit)
except RecursionError as error:
    print(error)
print(len(log), log[:12], log[-40:])
