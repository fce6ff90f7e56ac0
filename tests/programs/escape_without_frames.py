# native: yes
"""What machine code does without frames where nobody can look: releases, iterators, truth, stores into dicts and sets, two and
three inlined calls deep. Now and then somebody looks: __del__, weak references, __eq__ and __hash__ of keys, __bool__."""

import sys
import weakref

log = []


class Tells:
    """Says when it dies, and where."""

    def __init__(self, name):
        self.name = name

    def __del__(self):
        frame = sys._getframe(1)
        where = []
        while frame:
            where.append((frame.f_code.co_name, frame.f_lineno))
            frame = frame.f_back
        log.append((self.name, where))


class Plain:
    def __init__(self, *values):
        self.a = values
        self.b = list(values)


class Slotted:
    __slots__ = ("x", "__weakref__")

    def __init__(self, x):
        self.x = x


class Bare:
    __slots__ = ("x",)

    def __init__(self, x):
        self.x = x


def drop(value):
    holder = [value, (value,)]
    holder = None
    return holder


def drop_two(value, other):
    pair = (value, other)
    value = other = None
    pair = [pair]
    pair = 0
    return pair


def middle(f, i, *rest):
    return f(i, *rest)


def outer(f, i, *rest):
    return middle(f, i, *rest)


def builders(i):
    """Things that die unseen, and some that do not."""
    if i % 60 == 7:
        return {"a": [Tells(i)]}
    if i % 60 == 27:
        p = Plain(i, Tells(i))
        p.me = p.b
        return p
    if i % 60 == 47:
        s = Slotted(Tells(i))
        refs.append(weakref.ref(s, lambda r: log.append(("weak", len(log) % 7))))
        return s
    if i % 5 == 0:
        return {"k": (i, [i]), i: {"n": None}}
    if i % 5 == 1:
        return Plain(i, str(i), [])
    if i % 5 == 2:
        return Bare([i, (i,)])
    if i % 5 == 3:
        return {(i, "x"), frozenset([i])}
    return enumerate([[i]])


refs = []


def releases(n):
    for i in range(n):
        thing = builders(i)
        outer(lambda i, t: drop(t), i, thing)
        thing = None
        a, b = [Tells(-i)] if i % 50 == 33 else [i], {"x": [i]}
        outer(lambda i, a, b: drop_two([a, b], [b, a]), i, a, b)
        a = b = None


def shared_only_by_the_dying(n):
    total = 0
    for i in range(n):
        t = Tells(("shared", i)) if i % 40 == 39 else [i]
        x, y = [t], {"t": t}
        t = None
        total += outer(consume, i, x, y)
        x = y = None
    return total


def consume(i, x, y):
    both = (x, y)
    x = y = None
    n = len(both)
    both = None
    return n


def temporary(i):
    if i % 45 == 44:
        return {"a": Tells(("item", i)), "b": [i]}
    return {"a": [i], "b": (i, [i])}


def iterate(i):
    n = 0
    for k, v in temporary(i).items():
        n += len(k)
    for v in temporary(i).values():
        n += 1
    for k in temporary(i):
        n += 1
    for x in {i, (i, i + 1), "x"}:
        n += 1
    kept = [pair for pair in temporary(i).items()]
    return n + len(kept) + len(kept[0])


def changes_while_iterating(i):
    d = {j: j for j in range(6)}
    n = 0
    try:
        for k in d:
            n += k
            if i % 30 == 29 and k == 3:
                d[99] = 1
            if i % 30 == 14 and k == 3:
                del d[5]
                d[7] = 1
    except RuntimeError as error:
        return n, str(error)
    return n, len(d)


def iterations(n):
    seen = {}
    for i in range(n):
        key = outer(iterate, i), outer(changes_while_iterating, i)
        seen[key] = seen.get(key, 0) + 1
    return seen


class Key:
    def __init__(self, n):
        self.n = n

    def __hash__(self):
        return hash(self.n)

    def __eq__(self, other):
        log.append(("eq", self.n, type(other).__name__, sys._getframe(1).f_code.co_name))
        return other == self.n


def store(i, d):
    d["last"] = [i]
    d[i % 7] = {"i": i}
    d[i % 3, "t"] = Tells(("old", i)) if i % 80 == 79 else i
    s = {j % 4 for j in (i, i + 1)}
    m = {str(j): [j] for j in (i, i)}
    return len(d) + len(s) + len(m)


def stores(n):
    d = {}
    total = 0
    for i in range(n):
        if i == n - 40:
            d[Key(5)] = 1
        total += outer(store, i, d)
    return total, [k if isinstance(k, (int, str)) else type(k).__name__ for k in d]


class Truth:
    def __init__(self, n):
        self.n = n

    def __bool__(self):
        log.append(("bool", self.n, sys._getframe(1).f_code.co_name))
        return self.n % 2 == 0


def test(i, values):
    n = 0
    for v in values:
        if v:
            n += 1
    return n


def tests(n):
    total = 0
    for i in range(n):
        values = [[], [i], {}, {1: i}, (), "x", 0, i, 0.5, None, Bare(1), Plain()]
        if i % 50 == 49:
            values.append(Truth(i))
        total += outer(test, i, values)
    return total


releases(400)
print(shared_only_by_the_dying(300))
print(iterations(300))
print(stores(300))
print(tests(200))
print(len(log), len(refs), [r() for r in refs])
for entry in log:
    print(entry)
