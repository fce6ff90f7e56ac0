# Dicts and sets in hot loops: counting, views, mutation while iterating, key order, missing keys, subclasses.
# native: no

from collections import Counter, OrderedDict, defaultdict


def counting(n):
    d = {}
    for i in range(n):
        k = i * i % 17
        if k in d:
            d[k] += 1
        else:
            d[k] = 1
    return d


def mixed_keys(n):
    d = {}
    for i in range(n):
        d[i % 5] = d.get(i % 5, 0) + 1
        d[str(i % 3)] = i
        d[i % 2, i % 3] = None
        d[i % 4 / 2] = i
    return list(d.items())[:6], len(d)


def grows_while_iterating(n):
    d = {i: i for i in range(n)}
    seen = 0
    try:
        for k in d:
            seen += 1
            if k == n // 2:
                d["new"] = 1
    except RuntimeError as error:
        return seen, str(error)


def keys_replaced_while_iterating(n):
    d = {i: i for i in range(n)}
    seen = 0
    try:
        for k in d:
            seen += 1
            del d[k]
            d[k + n] = 1
    except RuntimeError as error:
        return seen, str(error)
    return seen, "no error"


def missing(n):
    d = {1: 2}
    errors = 0
    for i in range(n):
        try:
            errors += d[i % 3]
        except KeyError as error:
            errors += error.args[0] * 10
    return errors


class Autofill(dict):
    def __missing__(self, key):
        self[key] = key * 2
        return -1


def subclasses(n):
    a, b, c, o = Autofill(), defaultdict(int), Counter(), OrderedDict()
    s = 0
    for i in range(n):
        s += a[i % 10]
        b[i % 7] += i
        c[i % 6] += 1
        o[i % 9] = i
        o.move_to_end(i % 9, last=i % 2 == 0)
    return s, dict(b), c.most_common(2), list(o)


def order(n):
    d = {}
    for i in range(n):
        d.pop(i % 11, None)
        d[i % 11] = i
        if i % 13 == 0:
            d.popitem()
    return list(d.items())


def sets(n):
    s = set()
    hits = 0
    for i in range(n):
        x = i * 37 % 101
        if x in s:
            hits += 1
            s.discard(x)
        else:
            s.add(x)
    return hits, len(s), sum(s), len(s & set(range(50))), len(s ^ {1, 2, 3})


class Key:
    compared = 0

    def __init__(self, v):
        self.v = v

    def __hash__(self):
        return self.v % 3

    def __eq__(self, other):
        Key.compared += 1
        return self.v == other.v


def custom_keys(n):
    d = {}
    for i in range(n):
        k = Key(i % 10)
        d[k] = d.get(k, 0) + 1
    return sorted(d.values()), Key.compared


def views(n):
    d = {i: i * i for i in range(n)}
    s = 0
    for k, v in d.items():
        s += v - k
    for v in d.values():
        s -= v
    d2 = {**d, 5: -1} | {6: -2}
    return s, len(d.keys() & range(10)), d2[5] + d2[6]


for f in (
    counting,
    mixed_keys,
    grows_while_iterating,
    keys_replaced_while_iterating,
    missing,
    subclasses,
    order,
    sets,
    custom_keys,
    views,
):
    print(f.__name__, f(600))
