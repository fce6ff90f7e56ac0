# Every builtin iterator in hot loops: ends, changes while iterating, what dies when.
# native: yes

import collections
import gc
import itertools


class Loud:
    """Says when it dies."""

    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name, end=" ")


def over(iterable):
    n = 0
    for x in iterable:
        n += 1
        last = x
    return n, last


def nested(make, rounds):
    """The inner loop ends again and again."""
    n = 0
    for i in range(rounds):
        for x in make():
            n += i
    return n


def unpacked(pairs):
    s = 0
    for a, b in pairs:
        s += a - b
    return s, a, b


SOURCES = {
    "dict": lambda: {i: i * 2 for i in range(40)},
    "values": lambda: {i: i * 2 for i in range(40)}.values(),
    "items": lambda: {i: i * 2 for i in range(40)}.items(),
    "reversed dict": lambda: reversed({i: i * 2 for i in range(40)}),
    "set": lambda: set(range(40)),
    "frozenset": lambda: frozenset(range(40)),
    "ascii": lambda: "abcdefghijklmnopqrstuvwxyz",
    "latin-1": lambda: "àéîõü" * 7,
    "wide": lambda: "αβγδε\U0001f600" * 7,
    "bytes": lambda: bytes(range(250, 256)) + b"abc",
    "bytearray": lambda: bytearray(range(50)),
    "reversed list": lambda: reversed(list(range(33))),
    "reversed tuple": lambda: reversed(tuple(range(33))),
    "reversed range": lambda: reversed(range(33)),
    "enumerate list": lambda: enumerate(list(range(33))),
    "enumerate str": lambda: enumerate("some text", 5),
    "enumerate items": lambda: enumerate({i: -i for i in range(9)}.items()),
    "enumerate enumerate": lambda: enumerate(enumerate("ab" * 9)),
    "zip": lambda: zip(range(9), "abcdefghijk"),
    "zip dicts": lambda: zip({1: 2, 3: 4}, {5: 6, 7: 8}.values()),
    "zip nothing": lambda: zip(),
    "map": lambda: map(str, range(9)),
    "filter": lambda: filter(None, range(9)),
    "count": lambda: itertools.islice(itertools.count(3), 9),
    "chain": lambda: itertools.chain("ab", [1, 2]),
    "product": lambda: itertools.product("ab", repeat=3),
    "deque": lambda: collections.deque(range(9)),
    "call": lambda: iter(iter(range(9)).__next__, 7),
    "getitem": lambda: Indexable(),
    "next": lambda: Countdown(9),
    "memoryview": lambda: memoryview(b"abcdef"),
}


class Indexable:
    def __getitem__(self, i):
        if i == 12:
            raise IndexError
        return i * i


class Countdown:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        if not self.n:
            raise StopIteration("done")
        self.n -= 1
        return self.n


for name, make in SOURCES.items():
    for _ in range(3):
        result = over(make()) if name != "zip nothing" else list(make())
    print(name, result, nested(make, 90))
print(over(itertools.islice(itertools.cycle(SOURCES["dict"]()), 3000)))
print(unpacked(zip(range(3000), range(0, 6000, 2))), unpacked(enumerate(range(3000))))
print(unpacked({i: i // 2 for i in range(3000)}.items()))


def changes(d, at, how):
    n = 0
    try:
        for k in d:
            n += 1
            if n == at:
                how(d, k)
        return n
    except RuntimeError as e:
        return n, str(e), e.__traceback__.tb_lineno - changes.__code__.co_firstlineno


def swap(d, k):
    del d[k]
    d[-k - 1] = k


for at in (1, 500, 899, 900):
    print(
        changes(dict.fromkeys(range(900)), at, lambda d, k: d.update({"new": 1})),
        changes(dict.fromkeys(range(900)), at, lambda d, k: d.pop(k)),
        changes(dict.fromkeys(range(900)), at, swap),
        changes(dict.fromkeys(range(900)), at, lambda d, k: d.__setitem__(k, 3)),
        changes(set(range(900)), at, lambda d, k: d.add(-1)),
        changes(list(range(900)), at, lambda d, k: d.append(-1) if len(d) < 950 else None),
        changes(list(range(900)), at, lambda d, k: d.clear()),
        changes(bytearray(range(90)) * 10, at, lambda d, k: d.clear()),
    )


def old_values(n, at):
    """The pair of items() keeps a replaced value until the next step."""
    d = {i: Loud(i) if i % at == 0 else i for i in range(n)}
    for k, v in d.items():
        d[k] = None
        del v
        if k % at == 0:
            print("replaced", k, end=" ")
        elif k % at == 1:
            print("next", k)


old_values(900, 300)


def old_items(xs, pairs, at):
    """So do those of enumerate and zip."""
    for i, x in pairs:
        if type(i) is not int:
            i = len(xs)
        xs[i] = None
        del x
        if i % at == 0:
            print("replaced", i, end=" ")
        elif i % at == 1:
            print("next", i)


for wrap in (enumerate, lambda xs: zip(range(len(xs)), xs), lambda xs: zip(xs, xs)):
    louds = [Loud(i) if i % 300 == 0 else i for i in range(900)]
    try:
        old_items(louds, wrap(louds), 300)
    except (IndexError, TypeError) as e:
        print(type(e).__name__)
    del louds


def dies_with_iteration(make, rounds):
    """The container has no other owner than the iterator."""
    for i in range(rounds):
        n = 0
        for x in make(i):
            n += 1
        if i > rounds - 3:
            print("after", i, n, end="; ")
    print()


def single(i):
    return {1: Loud(i) if i > 297 else None}


dies_with_iteration(single, 300)
dies_with_iteration(lambda i: single(i).values(), 300)
dies_with_iteration(lambda i: single(i).items(), 300)
dies_with_iteration(lambda i: [Loud(i) if i > 297 else None], 300)
dies_with_iteration(lambda i: (Loud(i) if i > 297 else None, 1), 300)
dies_with_iteration(lambda i: reversed([Loud(i) if i > 297 else None, 1]), 300)
dies_with_iteration(lambda i: enumerate([Loud(i) if i > 297 else None, 1]), 300)
dies_with_iteration(lambda i: zip([Loud(i) if i > 297 else None, 1], "ab"), 300)


def resumed(it, n):
    """Loops that stop in the middle leave the iterator where they were; an exhausted one stays so."""
    total = []
    for _ in range(n):
        count = 0
        for x in it:
            count += 1
            if count == 7:
                break
        else:
            count = -count
        total.append(count)
    return sum(total), total[-1], next(it, "ended")


for source in (range(500), [0] * 500, (0,) * 500, "a" * 500, b"a" * 500, dict.fromkeys(range(500)), set(range(500))):
    print(resumed(iter(source), 300))
print(resumed(enumerate([0] * 500), 300), resumed(zip([0] * 500, "a" * 500), 300), resumed(reversed([0] * 500), 300))


class Failing:
    def __init__(self, n, error):
        self.n, self.error = n, error

    def __iter__(self):
        return self

    def __next__(self):
        self.n -= 1
        if not self.n:
            raise self.error
        return self.n


def fails(it):
    n = 0
    try:
        for x in it:
            n += x
    except Exception as e:
        tb = e.__traceback__
        return n, repr(e), tb.tb_lineno - fails.__code__.co_firstlineno, tb.tb_next.tb_frame.f_code.co_name
    return n


print(fails(Failing(700, ValueError("x"))), fails(Failing(700, StopIteration(3))), fails(Failing(700, KeyError())))
print(fails(map(lambda x: x // (x - 600) or 1, range(700))))


def strict(a, b):
    try:
        n = 0
        for x, y in zip(a, b, strict=True):
            n += x - y
        return n
    except ValueError as e:
        return n, str(e)


print(strict([1] * 800, [2] * 800), strict([1] * 800, [2] * 799), strict([1] * 799, (2,) * 800))


def grouped(it):
    """Both ends of the zip are one iterator."""
    n = 0
    for a, b in zip(it, it):
        n += a * b
    return n, next(it, None)


print(grouped(iter(range(1001))), grouped(iter([3] * 1000)), grouped(iter((2,) * 999)))


def kept(pairs):
    """A pair that somebody holds is not used again."""
    held = []
    for i, p in enumerate(pairs):
        if i % 100 == 0:
            held.append(p)
    return held[1], held[-1], len({id(p) for p in held})


print(kept(zip(range(900), range(900))), kept(enumerate("abc" * 300)), kept({i: -i for i in range(900)}.items()))


class Text(str):
    def __iter__(self):
        return reversed(str(self))

    def __del__(self):
        print("text dies", end=" ")


class Plain(str):
    def __del__(self):
        print("plain dies", end=" ")


for cls in (Text, Plain):
    for _ in range(3):
        print(over(cls("abcdefg" * 100)), end=" ")
print()


def mixed(sources):
    """One loop sees iterators of many types."""
    n = 0
    for _ in range(60):
        for make in sources:
            for x in make():
                n += 1
    return n


print(mixed([make for name, make in SOURCES.items() if name != "next"]))



def shapes(n):
    """Unpacked pairs of every combination of iterators."""
    xs, t, f = list(range(n)), tuple(range(n)), [i / 2 for i in range(n)]
    s = 0
    for i, x in enumerate(xs, 10):
        s += i * x
    for i, x in enumerate(f):
        s += i * x
    for i, x in enumerate(range(n, 0, -1)):
        s += i * x
    for i, x in enumerate(t, -5):
        s -= i * x
    for a, b in zip(xs, t):
        s += a * b
    for a, b, c in zip(range(n), f, range(0, 3 * n, 3)):
        s += a * b - c
    for a, b, c, d in zip(t, t, xs, xs):
        s += a - b + c * d
    for (a, b), c in zip(enumerate(xs), t):
        s += a + b - c
    for i, (a, b) in enumerate(zip(xs, t)):
        s += i - a * b
    return s, i, x, a, b, c, d


print(shapes(900))


def growing(n):
    """The list grows and shrinks under its enumeration."""
    xs = [1, 2]
    seen = []
    for i, x in enumerate(xs):
        if len(xs) < n:
            xs.append(i + x)
        elif len(xs) > n // 2 and i % 3 == 0:
            xs.pop()
        seen.append(x)
    return len(seen), sum(seen), len(xs)


print(growing(2000))


def big_index(start, n):
    """The index leaves what a machine integer holds."""
    last = []
    for i, x in enumerate(range(n), start):
        if x > n - 4:
            last.append(i)
    return last


print(big_index(2**63 - 902, 900), big_index(2**63 - 450, 900), big_index(2**70, 900), big_index(-450, 900))


def replaced(xs, n):
    """Old pair items of a type whose death is seen, in the middle of numbers."""
    for i, x in enumerate(xs):
        if i > n - 4:
            print(i, type(x).__name__, end="; ")
        xs[i] = 0
        x = None


numbers = list(range(900))
numbers[450] = Loud("450")
numbers[899] = Loud("899")
replaced(numbers, 900)
print("end")


def abandoned(n):
    """The iterator dies in the middle, with the last item in its pair."""
    for _ in range(n):
        louds = [Loud("x") if _ > n - 3 else 1, 2]
        for i, x in enumerate(louds):
            louds = x = None
            break
        if _ > n - 4:
            print("after", _, end="; ")
    print()


abandoned(300)
gc.collect()


def exhausted(n):
    # What is left of an iterator that a hot loop has exhausted, asked by C code.
    lengths = []
    for i in range(n):
        a = [1, 2, 3]
        for sequence in (a, tuple(a)):
            it = iter(sequence)
            for _ in it:
                pass
            a.append(4)
            lengths.append((list(it), it.__length_hint__(), next(it, "end"), it.__reduce__()[1:]))
    return lengths[0], lengths[1], len(lengths), all(x in lengths[:2] for x in lengths)


def borrowed_name(n):
    # An inlined comprehension gives back a variable that is unbound in some turns only.
    total = 0
    for i in range(n):
        if i % 7 == 3:
            x = i
        squares = [x * x for x in (i, i + 1)]
        total += sum(squares)
        if i % 7 == 3:
            total += x
            del x
    return total


print(exhausted(400))
print(borrowed_name(900))
