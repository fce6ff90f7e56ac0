# C code that calls Python: sort keys, comparisons, map, filter, reduce, sum of generators, min/max, callbacks that fail.
# native: no
import functools


class Ordered:
    compared = 0

    def __init__(self, n):
        self.n = n

    def __lt__(self, other):
        Ordered.compared += 1
        if self.n == other.n == -1:
            raise ValueError("equal -1")
        return self.n < other.n


def key(x):
    return x * 7 % 101, -x


def compare(a, b):
    return (a > b) - (a < b)


def add(a, b):
    return a + b * 2


data = [i * 37 % 211 for i in range(600)]
print(sorted(data, key=key)[:6], sorted(data, key=lambda x: -x)[:3])
print(sorted(data, key=functools.cmp_to_key(compare), reverse=True)[:4])
ordered = sorted(map(Ordered, data))
print(ordered[0].n, ordered[-1].n, Ordered.compared)
print(functools.reduce(add, data), sum(x * 2 for x in data if x % 3), sum(map(lambda x, y: x - y, data, data[1:])))
print(list(filter(lambda x: x % 50 == 0, data)), min(data, key=lambda x: abs(x - 100)), max(data, key=key))
try:
    sorted([Ordered(-1) for _ in range(5)])
except ValueError as error:
    print(error)


def growing(x):
    data.append(1)
    return x


try:
    data.sort(key=growing)
except ValueError as error:
    print(error, len(data))


def nested(n):
    return sum(sorted(range(n), key=lambda x: sum(map(lambda y: y * x % 5, range(4))))[:3])


print([nested(n) for n in range(20, 40)])
calls = 0


def counting(x):
    global calls
    calls += 1
    if calls == 450:
        raise KeyError(calls)
    return x


try:
    list(map(counting, range(1000)))
except KeyError as error:
    print(error, calls)
print({k: len(list(v)) for k, v in __import__("itertools").groupby(sorted(data), key=lambda x: x // 50)})


def sorts_a_list_that_grows(turns):
    # While it is sorted a list is empty and has no room: appending to it must not go by its size alone.
    texts = set()
    for i in range(turns):
        items = [3, 1, 2]

        def key(x):
            items.append(x)
            if i % 2:
                items.pop()
            return x

        try:
            items.sort(key=key)
        except ValueError as error:
            texts.add(str(error))
    return texts, items


print(sorts_a_list_that_grows(500))
