# The opaque function lets an object die that resurrects itself into the loop's own containers and locals.
# native: yes

import gc
import sys
from functools import partial
from operator import add


class Phoenix:
    def __init__(self, i):
        self.i = i
        self.value = i * 0.5

    def __del__(self):
        frame = sys._getframe(1)
        while frame and frame.f_code.co_name != "loop":
            frame = frame.f_back
        if frame:
            frame.f_locals["risen"] = self
            frame.f_locals["x"] = -1.0
        ashes.append(self)


def act(i):
    Phoenix(i)
    nest = [Phoenix(-i)]
    nest.append(nest)
    del nest
    if i % 500 in (277, 499):
        gc.collect()
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
    risen = None
    for i in range(n):
        x += middle(i, x) * 0.125
        if risen is not None:
            a += risen.i
            x += risen.value
        a += i * 3
    return a, x


for schedule, (period, phase) in SCHEDULES.items():
    for name, route in ROUTES.items():
        gc.disable()
        ashes = []
        print(schedule, name, loop(1500), len(ashes), [p.i for p in ashes[:5]])
        gc.collect()
        ashes.clear()
