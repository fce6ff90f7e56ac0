# Dictionaries changed while a hot loop reads, iterates or fills them; key order, subclasses, views, merging.
# native: no


class Default(dict):
    def __missing__(self, key):
        self[key] = len(self)
        return self[key]


class Key:
    compared = 0

    def __init__(self, n):
        self.n = n

    def __hash__(self):
        return self.n % 3

    def __eq__(self, other):
        Key.compared += 1
        return isinstance(other, Key) and self.n == other.n


def iterate(n, at):
    d = {i: i for i in range(n)}
    total = 0
    try:
        for k in d:
            total += d[k]
            if k == at:
                d["new"] = 1
    except RuntimeError as error:
        return total, str(error)
    return total, None


def iterate_items(n, at):
    d = {i: i for i in range(n)}
    try:
        for k, v in d.items():
            if k == at:
                del d[k]
                d[n + 1] = 1
    except RuntimeError as error:
        return str(error), len(d)
    return list(d)[-2:]


def fill(n):
    d = Default()
    for i in range(n):
        d[i % 17] += d[str(i % 5)]
    return sorted(d.items(), key=lambda kv: str(kv[0]))[:4]


def keys(n):
    d = {}
    for i in range(n):
        d[Key(i % 12)] = i
    return len(d), [k.n for k in d]


def merges(n):
    d = {}
    for i in range(n):
        d |= {i % 7: i}
        e = {**d, "x": i} | {"y": i}
        d = dict(reversed(d.items())) if i % 50 == 49 else d
    return list(d.items()), e["y"], d.keys() & {1, 2}, d.keys() - {0, 1, 2, 3}


for at in (100, 699, 700, 1):
    print(iterate(700, at), iterate_items(700, at))
print(fill(600))
print(keys(600), Key.compared)
print(merges(400))
d = {}
for i in range(800):
    d[i] = i
    if i % 3 == 0:
        del d[i // 2 if i // 2 in d else i]
    d.setdefault("k", []).append(i) if i % 100 == 0 else d.pop("none", None)
print(len(d), d["k"], next(iter(d)), next(reversed(d)))
try:
    for i in range(300):
        d[[]] if i == 299 else d.get(i)
except TypeError as error:
    print(error)
