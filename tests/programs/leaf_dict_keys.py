# Dict and set look-ups in compiled loops meet keys whose __eq__ and __hash__ run Python code, change the dict, or lie.
# native: yes

import sys

log = []


class Loud(int):
    """Equal to the int of its value, with the same hash, and says when it is asked."""

    def __eq__(self, other):
        frame = sys._getframe(1)
        log.append(("eq", int(self), other, frame.f_code.co_name, frame.f_locals.get("i")))
        return int(self) == other

    __hash__ = int.__hash__


class Text(str):
    def __eq__(self, other):
        log.append(("text eq", str.__str__(self), other))
        return str.__eq__(self, other)

    __hash__ = str.__hash__


class Mutator:
    """Has the hash of 7 and empties the dict when compared."""

    def __init__(self, d):
        self.d = d

    def __hash__(self):
        return 7

    def __eq__(self, other):
        log.append("mutator")
        self.d.pop(3, None)
        return False


def counting(n, d, change):
    total = 0
    for i in range(n):
        if i == n - 20:
            change(d)
        k = i % 11
        d[k] = d.get(k, 0) + 1
        total += d[k]
        if k in d:
            total += 1
    return total


def add_loud(d):
    value = d.pop(5)
    d[Loud(5)] = value


def add_mutator(d):
    value = d.pop(7)
    d[Mutator(d)] = value


def add_nothing(d):
    pass


def add_other_types(d):
    for key in (2.0, True, None, "x", (1, 2), 3 + 0j):
        d[key] = d.get(key, 0) + 100


def words(n, d, change):
    keys = ["one", "two", "three", "four"]
    total = 0
    for i in range(n):
        if i == n - 12:
            change(d)
        # Not the interned key itself.
        w = keys[i % 4][:1] + keys[i % 4][1:]
        if w in d:
            d[w] += i
        else:
            d[w] = i
        total += d[w]
    return total


def add_text(d):
    value = d.pop("two")
    d[Text("two")] = value


def tuples(n):
    d = {}
    for i in range(n):
        key = i % 3, str(i % 2)
        d[key] = d.get(key, 0) + 1
        if i == n - 10:
            d[Loud(1), "1"] = 5
    return sorted((tuple(map(str, k)), v) for k, v in d.items())


def sets(n, s, extra):
    hits = 0
    for i in range(n):
        if i == n - 15:
            s.discard(4)
            s.add(extra)
        if i % 9 in s:
            hits += 1
        else:
            s.add(i % 9)
        if i % 5 not in s:
            hits += 100
        if i % 4 == 3:
            s.discard(i % 9)
    return hits, len(s)


def huge_and_negative(n):
    d = {}
    edges = [-1, -2, 0, 2**61 - 1, 2**61, -(2**61), 2**62, -(2**63), 2**63 - 1, 2**63, 2**64, 1 - 2**61]
    for i in range(n):
        k = edges[i % len(edges)]
        d[k] = d.get(k, 0) + 1
    return [(k, d[k], hash(k)) for k in edges]


def unhashable(n):
    d = {1: 2}
    caught = 0
    for i in range(n):
        key = i if i < n - 3 else [i]
        try:
            d[key] = i
            d.get(key)
        except TypeError as e:
            caught += 1
            message = str(e)
    return caught, message, len(d)


def missing(n):
    d = {i: str(i) for i in range(n - 2)}
    got = []
    for i in range(n):
        try:
            got.append(d[i])
        except KeyError as e:
            got.append(repr(e))
    return got[-4:]


class Defaults(dict):
    def __missing__(self, key):
        log.append(("missing", key))
        return -1


class Getter(dict):
    def get(self, key, default=None):
        return "own get"

    def __contains__(self, key):
        return False

    def __setitem__(self, key, value):
        dict.__setitem__(self, key, value * 2)


def with_subclass(n, other):
    d = dict.fromkeys(range(5), 0)
    out = []
    for i in range(n):
        if i == n - 8:
            d = other
        k = i % 5
        try:
            if k in d:
                d[k] = d.get(k, 0) + 1
            out.append(d.get(k))
            out.append(d[k])
        except KeyError as e:
            out.append(repr(e))
    return out[-20:]


def removing(n):
    d = {}
    out = 0
    for i in range(n):
        d[i] = str(i)
        d.setdefault(i - 1, "default")
        if i > 3:
            out += len(d.pop(i - 4))
            out += len(d.pop(i - 4, "none"))
        if d:
            out += len(d)
    return out, list(d.items())


class Dies:
    def __init__(self, d, k):
        self.d, self.k = d, k

    def __del__(self):
        frame = sys._getframe(1)
        log.append(("del", self.k, len(self.d), frame.f_locals.get("i")))
        self.d["deleted"] = self.k


def overwritten(n):
    d = {}
    for i in range(n):
        d[i % 6] = Dies(d, i) if i % 50 == 49 else i
        d["count"] = len(d)
    for k in list(d):
        d[k] = 0
    return len(d)


for change in (add_nothing, add_loud, add_mutator, add_other_types):
    d = {}
    print(change.__name__, counting(600, d, change), len(d), [v for k, v in d.items() if k.__class__ is int])
for change in (add_nothing, add_text):
    d = {}
    print(change.__name__, words(600, d, change), list(d.items()))
print(tuples(600))
for extra in (4, Loud(4), Text("4"), 4.0):
    print(sets(600, set(range(3)), extra))
print(huge_and_negative(600))
print(unhashable(600))
print(missing(600))
for other in ({}, Defaults(), Getter({0: 1, 3: 4})):
    print(type(other).__name__, with_subclass(600, other))
print(removing(600))
print(overwritten(600))
print(len(log), log[:12], log[-12:])
