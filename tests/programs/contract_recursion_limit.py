# The opaque function recurses to the limit from inside inlined frames: RecursionError at CPython's depth.
# native: yes

import sys
from functools import partial
from operator import add


def frames():
    frame = sys._getframe()
    n = 0
    while frame:
        n += 1
        frame = frame.f_back
    return n


def dive(k):
    global deepest
    deepest = k
    return dive(k + 1)


def act(i):
    try:
        dive(0)
    except RecursionError as error:
        depths[deepest] = depths.get(deepest, 0) + 1
        messages.add(str(error))
    return 0


def nested(k):
    """Recurses through the hot loop itself; every level is one more loop, middle and leaf."""
    global level, route
    level = k
    route = lambda items: nested(k + 1)
    return loop(60)


sys.setrecursionlimit(frames() + 150)


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


def leaf(i, x):
    half = x * 0.5
    if i % period == phase:
        route((i,))
    return half + i


def middle(i, x):
    y = leaf(i, x) + 0.25
    return y


def loop(n):
    a = 0
    x = 1.0
    for i in range(n):
        x = middle(i, x)
        a += i * 3
    return a, x


for schedule, (period, phase) in SCHEDULES.items():
    for name, route in ROUTES.items():
        depths, messages = {}, set()
        print(schedule, name, loop(1500), depths, messages)

period, phase = 100, 40
for _ in range(3):
    try:
        nested(0)
    except RecursionError as error:
        print("nested", level, error)
