# The opaque function reads and writes f_locals of every frame of the inlined chain.
# native: yes

import sys
from functools import partial
from operator import add


NAMES = ("leaf", "middle", "loop")


def act(i):
    frame = sys._getframe(1)
    while frame.f_code.co_name != "<module>":
        name = frame.f_code.co_name
        if name in NAMES:
            local = frame.f_locals
            seen.append((name, sorted(local.items())))
            if name == "leaf":
                local["half"] = -1.5
                local["i"] = i + 1
            elif name == "middle":
                local["x"] = "unused from here on"
            elif i % 200 == 199:
                local["a"] = local["a"] * 2 + 0.5
            else:
                local["a"] = 1 << 62
                local["x"] = 10**25  # overwritten when middle returns
        frame = frame.f_back
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
        seen = []
        print(schedule, name, loop(1500), len(seen))
        print(*seen[:3], *seen[-3:], sep="\n    ")
