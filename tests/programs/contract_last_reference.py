# The opaque function drops the last reference to objects with __del__ or a weakref callback that change the loop.
# native: yes

import sys
import weakref
from functools import partial
from operator import add


factor = 1


class Dying:
    def __init__(self, i):
        self.i = i

    def __del__(self):
        global factor
        log.append(("del", self.i, where()))
        factor += 1


class Plain:
    pass


def where():
    """The lines of the inlined frames at this moment."""
    frame = sys._getframe(1)
    while frame.f_code.co_name != "leaf":
        frame = frame.f_back
        if frame is None:
            return "after the loop"
    leaf_line = frame.f_lineno - frame.f_code.co_firstlineno
    while frame.f_code.co_name != "loop":
        frame = frame.f_back
    return leaf_line, frame.f_lineno - frame.f_code.co_firstlineno, frame.f_locals["a"]


def callback(_):
    global factor
    log.append(("weakref", where()))
    factor += 0.5


def act(i):
    holder.clear()
    holder.append(Dying(i))
    watched = Plain()
    watched.ref = weakref.ref(watched, callback)
    refs.append(watched.ref)
    other.clear()
    other.append(watched)
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
    elif i % period == (phase + 50) % period:
        holder.clear()
        other.clear()
    return half + i * factor


def middle(i, x):
    y = leaf(i, x) + 0.25
    return y


def loop(n):
    a = 0
    x = 1.0
    for i in range(n):
        x = middle(i, x)
        a += i * factor
    return a, x


for schedule, (period, phase) in SCHEDULES.items():
    for name, route in ROUTES.items():
        factor, holder, other, log, refs = 1, [], [], [], []
        print(schedule, name, loop(1500), factor, len(log), sum(r() is None for r in refs))
        print(*log[:4], sep="\n    ")
