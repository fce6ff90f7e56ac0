# The opaque function recurses into the same loop, with other types, to several levels.
# native: yes

from functools import partial
from operator import add


depth = 0


def act(i):
    global depth, period, phase
    if depth < 3:
        depth += 1
        kept = period, phase
        period, phase = 150, 20
        results.append((depth, i, loop(60, STARTS[depth], depth * 0.5)))
        period, phase = kept
        depth -= 1
    return 0


STARTS = (0, 1 << 62, 0.25, True)


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


def loop(n, a, x):
    for i in range(n):
        x = middle(i, x)
        a += i * 3
    return a, x


for schedule, (period, phase) in SCHEDULES.items():
    for name, route in ROUTES.items():
        results = []
        print(schedule, name, loop(1500, 0, 1.0), len(results))
        print(*results[:3], *results[-1:], sep="\n    ")
