# Generators made in hot loops, pairs that are unpacked as they are yielded, generators that C code drives.
# native: yes

import inspect
import sys
import traceback
from functools import reduce


class Loud:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name, end=" ")


def numbers(n, start=0):
    i = start
    while i < n:
        yield i
        i += 1


def odd(source):
    for x in source:
        if x & 1:
            yield x


def both(left, right):
    yield from left
    yield from right


def rotated(n):
    """What is yielded is overwritten before the consumer looks."""
    a, b, c = 0, 1.5, "x"
    for i in range(n):
        yield a, b, c
        a, b, c = i, a, str(i)


def rotations(n):
    s, text = 0, []
    for p, q, r in rotated(n):
        s += p + q
        text.append(r)
    return s, text[-3:], p, q, r


def permuted(n):
    a, b, c, d = 1, 2, 3, 4.0
    for i in range(n):
        a, b, c, d = d, a, b, c
        d, c, b, a = a + i, b, c, d
    return a, b, c, d


def objects(n):
    """The consumer's variables are the last owners."""
    for i in range(n):
        x = Loud(i) if i % 250 == 249 else i
        y = Loud(-i) if i % 250 == 248 else i
        yield x, y
        x = y = None
        if i % 250 in (248, 249):
            print("resumed", i, end=" ")


def owners(n):
    s = 0
    for x, y in objects(n):
        if type(x) is int and type(y) is int:
            s += x - y
        else:
            print("got", type(x).__name__, type(y).__name__, end=" ")
    print(s)


def wrong_count(n):
    def pairs():
        for i in range(n):
            if i == n - 2:
                yield i, i, i
            else:
                yield i, i

    s = 0
    try:
        for a, b in pairs():
            s += a * b
    except ValueError as e:
        return s, str(e), e.__traceback__.tb_lineno - wrong_count.__code__.co_firstlineno


def kept(n):
    """Now and then another consumer keeps the pair whole."""
    g = rotated(n)
    whole = []
    s = 0
    for a, b, c in g:
        s += a
        if a % 90 == 5:
            whole.append(next(g))
    return s, whole[1], len(whole)


print(rotations(900), permuted(900), wrong_count(900), kept(900))
owners(1000)


def made(rounds, n):
    """Short generators in a hot loop: made, driven to their end, made again."""
    s = 0
    for r in range(rounds):
        for x in numbers(n, r % 3):
            s += x
        for x, y in pairs(n):
            s += x * y
    return s


def pairs(n):
    previous = None
    for x in numbers(n):
        if previous is not None:
            yield previous, x
        previous = x


def defaults(rounds):
    def gen(a, b=2, *rest, c=3, **more):
        yield a + b + c + len(rest) + len(more)
        yield a

    s = 0
    for r in range(rounds):
        for x in gen(r):
            s += x
        for x in gen(r, 5):
            s += x
        for x in gen(r, 5, 6, 7):
            s += x
        for x in gen(r, c=5, d=6):
            s += x
    return s


def failing(rounds):
    """A call that makes no generator."""

    def gen(a, b):
        yield a + b

    errors = 0
    for r in range(rounds):
        try:
            for x in gen(r, 1) if r % 50 else gen(r):
                errors += x & 1
        except TypeError as e:
            errors += len(str(e))
    return errors


def unused(rounds):
    """Made and dropped without a step."""
    held = None
    for r in range(rounds):
        numbers(r)
        held = numbers(r) if r % 2 else held
    return inspect.getgeneratorstate(held), next(held)


class Source:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        for i in range(self.n):
            yield i * i

    def items(self):
        yield from self


def methods(rounds):
    s = 0
    source = Source(6)
    for r in range(rounds):
        for x in source:
            s += x
        for x in source.items():
            s -= x * r
    return s


print(made(700, 5), made(700, 0), defaults(300), failing(300), unused(700), methods(500))


def squares(n):
    return (x * x for x in both(numbers(n // 2), odd(numbers(n))))


CONSUMERS = {
    "sum": sum,
    "any": lambda g: any(x > 700000 for x in g),
    "all": lambda g: all(x >= 0 for x in g),
    "list": lambda g: sum(list(g)),
    "tuple": lambda g: len(tuple(g)),
    "set": lambda g: len(set(g)),
    "dict": lambda g: len(dict((x, 1) for x in g)),
    "min": min,
    "max": max,
    "sorted": lambda g: sorted(g)[-2:],
    "join": lambda g: len("".join(str(x) for x in g)),
    "extend": lambda g: len([*g, *g]),
    "reduce": lambda g: reduce(lambda a, b: (a + b) % 9973, g),
    "zip": lambda g: sum(a - b for a, b in zip(g, g)),
    "enumerate": lambda g: sum(i * x for i, x in enumerate(g)),
    "map": lambda g: sum(map(abs, g)),
    "unpack": lambda g: len((lambda *a: a)(*g)),
    "in": lambda g: 490000 in g,
    "next": lambda g: [next(g) for _ in range(800)][-1],
    "send": lambda g: [g.send(None) for _ in range(800)][-1],
}

for name, consume in CONSUMERS.items():
    print(name, [consume(squares(n)) for n in (900, 1200)])


def seen(n, at):
    """What C code drives can be looked at, and looks at itself."""
    for i, x in enumerate(both(numbers(n), odd(numbers(n)))):
        if i in at:
            f = sys._getframe()
            chain = []
            while f:
                chain.append((f.f_code.co_name, f.f_lineno - f.f_code.co_firstlineno))
                f = f.f_back
            print(chain[:2], sorted((k, v) for k, v in sys._getframe().f_locals.items() if k in "nix"))
        yield x * 2 + i


print(sum(seen(800, (3, 700, 801, 1100))))


def breaks(n):
    for x in both(numbers(n), odd(numbers(n))):
        y = x // (x - n + 3) + x * 3 - x
        yield y


def tried(n):
    out = []
    for consume in (sum, list, max, lambda g: [*g]):
        try:
            out.append(consume(breaks(n)))
        except ZeroDivisionError as e:
            out.append([(f.name, f.line) for f in traceback.extract_tb(e.__traceback__)][1:])
    return out


print(tried(800))


def interleaved(n):
    """Two of one function's generators, in turn."""
    a, b = squares(n), squares(n + 100)
    s = 0
    try:
        while True:
            s += next(a) - next(b)
            if s % 7 == 0:
                s += next(a)
    except StopIteration:
        return s, sum(a), sum(b)


def closed(n):
    g = squares(n)
    total = 0
    for x in g:
        total += x
        if x > 400000:
            g.close()
    return total, inspect.getgeneratorstate(g)


def thrown(n):
    def gen():
        i = 0
        for x in both(numbers(n), odd(numbers(n))):
            try:
                yield x + i
                i += x & 3
            except KeyError as e:
                i -= e.args[0]

    g = gen()
    s = 0
    for k in range(n):
        s += next(g)
        if k % 100 == 50:
            s += g.throw(KeyError(k))
    return s


print(interleaved(900), closed(1200), thrown(900))
