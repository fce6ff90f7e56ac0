# The opaque function prints the stack, with every inlined frame at its line.
# native: yes

import sys
import traceback
from functools import partial
from operator import add


def act(i):
    frame = sys._getframe(1)
    summary = traceback.extract_stack(frame)
    for entry in summary:
        # What started this program, if anything did, is not its business.
        if entry.filename == __file__:
            lines.append(f"{entry.name}:{entry.lineno}: {entry.line}")
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
        lines = []
        print(schedule, name, loop(1500), len(lines))
        print(*lines[:6], sep="\n    ")
        if schedule == "often":
            print(len(set(lines)))
