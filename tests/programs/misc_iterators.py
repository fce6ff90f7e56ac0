# enumerate, zip, map, filter, reversed, iter(callable, sentinel), itertools, sorted: with Python callbacks.
# native: yes
# exits: vary

import itertools
from functools import partial, reduce


def enumerated(items):
    s = 0
    for i, x in enumerate(items, start=5):
        s += i * x
    return s, i


def zipped(a, b):
    s = 0
    for x, y in zip(a, b):
        s += x * y
    return s


def strict(a, b):
    s = 0
    try:
        for x, y in zip(a, b, strict=True):
            s += x - y
    except ValueError as error:
        return s, str(error)
    return s


def callbacks(n):
    seen = []

    def f(x):
        seen.append(x)
        return x * 2

    s = 0
    for x in map(f, range(n)):
        s += x
    for x in filter(lambda v: v % 3 == 0, range(n)):
        s -= x
    s += reduce(lambda a, b: (a * 31 + b) % 9973, range(n))
    s += len(sorted(range(n), key=lambda v: -v % 17))
    s += max(range(n), key=lambda v: v * 7 % 101) + min(range(n), key=partial(pow, 3, mod=101))
    return s, len(seen)


def backwards(items):
    s = 0
    for x in reversed(items):
        s = s * 3 % 10007 + x
    return s


def sentinel(n):
    state = 0

    def step():
        nonlocal state
        state += 3
        return state

    s = 0
    for x in iter(step, n * 3):
        s += x
    return s


def tools(n):
    s = 0
    for a, b in itertools.pairwise(range(n)):
        s += b - a
    for x in itertools.chain(range(n), (0.5,) * 3):
        s += x
    for x in itertools.islice(itertools.count(3, 2), n):
        s += x
    for k, group in itertools.groupby(range(n), key=lambda v: v // 10):
        s += k * sum(group)
    for x, y in itertools.product(range(20), repeat=2):
        s += x * y
    for x in itertools.accumulate(range(n), lambda a, b: a ^ b):
        s += x
    for x in itertools.takewhile(lambda v: v < n // 2, itertools.count()):
        s += x
    return s


def shared_zip(n):
    """Both ends of the zip draw from one iterator."""
    it = iter(range(n))
    return sum(a * b for a, b in zip(it, it))


def tuple_reuse(n):
    """zip and enumerate may reuse their result tuple only if nobody else holds it."""
    kept = [p for p in zip(range(n), range(n, 0, -1))]
    pairs = []
    for p in enumerate(range(n)):
        pairs.append(p)
    return kept[0], kept[-1], pairs[0], pairs[-1], len({id(p) for p in kept}) == n


def failing_callback(n):
    def f(x):
        if x == n - 1:
            raise ValueError(x)
        return x

    s = 0
    try:
        for x in map(f, range(n)):
            s += x
    except ValueError as error:
        return s, error.args, error.__traceback__.tb_next.tb_frame.f_code.co_name


ints, floats = list(range(700)), [i * 0.5 for i in range(600)]
print(enumerated(ints), enumerated(floats), zipped(ints, floats), zipped(floats, floats))
print(
    strict(ints, floats),
    strict(ints, ints),
    callbacks(500),
    backwards(ints),
    sentinel(600),
)
print(tools(500), shared_zip(600), tuple_reuse(400), failing_callback(400))
