# The opaque function lets other threads run, which go through the same native code and rebind what it uses.
# exits: vary
# native: yes

import sys
import threading
from functools import partial
from operator import add


factor = 1.0


def meddle():
    global factor
    factor = factor * -0.5 if abs(factor) > 0.1 else 1
    others.append(loop(200, False))


def act(i):
    thread = threading.Thread(target=meddle)
    thread.start()
    thread.join()
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


def leaf(i, x, act_here):
    half = x * 0.5
    if act_here and i % period == phase:
        route((i,))
    return half + i * factor


def middle(i, x, act_here):
    y = leaf(i, x, act_here) + 0.25
    return y


def loop(n, act_here=True):
    a = 0
    x = 1.0
    for i in range(n):
        x = middle(i, x, act_here)
        a += i * 3
    return a, x


sys.setswitchinterval(1e-5)


for schedule, (period, phase) in SCHEDULES.items():
    for name, route in ROUTES.items():
        factor, others = 1.0, []
        print(schedule, name, loop(1500), factor, len(others), others[-1])
