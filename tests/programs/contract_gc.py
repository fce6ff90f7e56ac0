# The opaque function collects garbage, with callbacks that see the loop's frames; objects held only by the loop survive.
# native: stressed

import gc
import sys
from functools import partial
from operator import add


class Node:
    alive = 0

    def __init__(self, i):
        self.i = i
        self.me = self
        Node.alive += 1

    def __del__(self):
        Node.alive -= 1
        deaths.append(self.i)


def observer(phase, info):
    frame = sys._getframe(1)
    while frame and frame.f_code.co_name != "loop":
        frame = frame.f_back
    if frame:
        seen.append((phase, frame.f_locals["i"], frame.f_locals["a"], frame.f_locals["node"].i))


def act(i):
    gc.collect()
    return Node.alive


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


def leaf(i, x, node):
    pair = (node, [x])
    half = pair[1][0] * 0.5
    if i % period == phase:
        route((i,))
    return half + pair[0].i


def middle(i, x, node):
    y = leaf(i, x, node) + 0.25
    return y


def loop(n):
    a = 0
    x = 1.0
    for i in range(n):
        node = Node(i)
        x = middle(i, x, node)
        a += node.i * 3
    return a, x


for schedule, (period, phase) in SCHEDULES.items():
    for name, route in ROUTES.items():
        gc.disable()
        deaths, seen = [], []
        gc.callbacks.append(observer)
        print(schedule, name, loop(1500), Node.alive, len(deaths))
        gc.callbacks.remove(observer)
        print(seen[:4], seen[-2:], sorted(deaths)[:3], sorted(deaths)[-3:])
        gc.collect()
