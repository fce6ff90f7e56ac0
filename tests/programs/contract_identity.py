# `x is lst[i]` and `nan in [nan]` with unboxed loop variables, where an opaque function holds and returns objects.
# native: stressed

import sys
from functools import partial
from operator import add


def act(i):
    frame = sys._getframe(1)
    while frame.f_code.co_name != "loop":
        frame = frame.f_back
    local = frame.f_locals
    # Two reads through the frame give one object, and it is the one in the list.
    same.append(local["x"] is local["x"])
    same.append(local["big"] is ints[i % len(ints)])
    same.append(local["y"] is floats[i % len(floats)])
    held.append(local["x"])
    return 0


def plain(items):
    try:
        return act(items[0])
    finally:
        calls.append("plain")


class Operand:
    def __add__(self, items):
        return act(items[0])


calls = []
# Ways from Python through C to the opaque function: nobody can see through all of them.
ROUTES = {
    "plain": plain,
    "sorted": partial(sorted, key=act),
    "max": partial(max, key=act),
    "operator": partial(add, Operand()),
}
# The opaque action happens once in the run, or every hundredth time.
SCHEDULES = {"once": (1500, 777), "often": (100, 99)}


ints = [10**12 + i for i in range(50)]
floats = [i * 0.75 for i in range(40)] + [float("nan")]


def leaf(i, x, y):
    half = x * 0.5
    if i % period == phase:
        route((i,))
    return half + i if y == y else half


def middle(i, x, y):
    return leaf(i, x, y) + 0.25


def loop(n):
    hits = total = 0
    x = 1.0
    for i in range(n):
        big = ints[i % len(ints)]
        y = floats[i % len(floats)]
        total += big
        x = middle(i, x, y)
        if big is ints[i % len(ints)]:
            hits += 1
        if y in floats and y in [y] and [y] == [floats[i % len(floats)]]:
            hits += 1
        z = x
        if z is x and x in (z,):
            hits += 1
        ints[i % len(ints)] = big
        if ints[i % len(ints)] is not big:
            raise AssertionError
    return hits, total, x


for schedule, (period, phase) in SCHEDULES.items():
    for name, route in ROUTES.items():
        same, held = [], []
        print(
            schedule,
            name,
            loop(1500),
            same.count(True),
            same.count(False),
            held[0],
            held[-1],
        )
