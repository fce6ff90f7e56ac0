# sys.getrefcount of locals, arguments, list items and attributes at call boundaries in hot loops.
# native: yes

import sys


class Thing:
    pass


def record(table, key):
    table[key] = table.get(key, 0) + 1


def as_local(n):
    table = {}
    x = Thing()
    y = x
    for i in range(n):
        record(table, sys.getrefcount(x))
        if i == n // 2:
            y = None
    return table


def as_argument(x):
    return sys.getrefcount(x)


def passed_on(x):
    return as_argument(x)


def arguments(n):
    table = {}
    x = Thing()
    for i in range(n):
        record(table, ("own", as_argument(Thing())))
        record(table, ("local", as_argument(x)))
        record(table, ("two", passed_on(x)))
        record(table, ("two new", passed_on(Thing())))
    return table


def in_containers(n):
    table = {}
    x = Thing()
    lst = [x] * 3
    for i in range(n):
        y = lst[i % 3]
        record(table, sys.getrefcount(y))
        if i % 100 == 99:
            lst.append(x)
    y = None
    return table, sys.getrefcount(x)


def attributes(n):
    table = {}
    owner = Thing()
    owner.value = Thing()
    for i in range(n):
        v = owner.value
        record(
            table,
            (sys.getrefcount(v), sys.getrefcount(owner.value), sys.getrefcount(owner)),
        )
    return table


def large_ints(n):
    """Ints and floats have counts as well; nobody may hold a stray reference to a list's items."""
    items = [10**20 + i for i in range(n)]
    halves = [i + 0.5 for i in range(n)]
    s = 0
    t = 0.0
    for i in range(n):
        s += items[i]
        t += halves[i]
    counts = {}
    for i in range(n):
        record(counts, (sys.getrefcount(items[i]), sys.getrefcount(halves[i])))
    return s, t, counts


def no_leak(n):
    """The counts of the shared objects are the same after many hot calls as before."""
    shared = Thing()
    shared.items = [shared, 1.5, 10**15]
    watched = (
        shared,
        shared.items,
        Thing,
        record,
        as_argument,
        shared.items[1],
        shared.items[2],
    )
    before = [sys.getrefcount(w) for w in watched]

    def use(a, b=shared, *rest):
        c = a.items
        return c[1] + b.items[1] + len(rest)

    total = 0.0
    for i in range(n):
        total += use(shared) + use(shared, shared) + use(shared, shared, shared, 1)
        try:
            total += use(shared, None)
        except AttributeError:
            pass
    use = None
    after = [sys.getrefcount(w) for w in watched]
    return total, [b - a for a, b in zip(before, after)]


for f in (as_local, arguments, in_containers, attributes, large_ints, no_leak):
    print(f.__name__, f(500))
