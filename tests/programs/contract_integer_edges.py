# Loop-carried ints cross 2^30, 2^60 and 2^63 and come back while an opaque function looks at them in their frames.
# native: yes

import sys
from functools import partial
from operator import add


def act(i):
    frame = sys._getframe(1)
    while frame.f_code.co_name != "loop":
        frame = frame.f_back
    local = frame.f_locals
    seen.append((local["a"], local["b"], local["down"]))
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


def leaf(i, b):
    c = b * 3
    if i % period == phase:
        route((i,))
    return c - b - b


def middle(i, b, step):
    return leaf(i, b) + step


def loop(n, edge):
    step = edge // 400
    a = edge - 700 * step
    b = -edge + 700 * step
    down = False
    crossings = 0
    for i in range(n):
        before = a >= edge
        a = middle(i, a, -step if down else step)
        b = middle(i, b, step if down else -step)
        if before != (a >= edge):
            crossings += 1
        if i % 750 == 749:
            down = not down
    return a, b, crossings


for schedule, (period, phase) in SCHEDULES.items():
    for name, route in ROUTES.items():
        for edge in (1 << 30, 1 << 60, 1 << 63, (1 << 63) * 5):
            seen = []
            print(schedule, name, edge, loop(1500, edge), seen[0], seen[-1], len(seen))
