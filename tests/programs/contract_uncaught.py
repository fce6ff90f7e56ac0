# An exception from an opaque function leaves inlined frames and the program: the printed traceback.
# native: yes
# exit: 1

from functools import partial
from operator import add


def act(i):
    if i == 777:
        raise RuntimeError(f"stopped at {i}")
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
SCHEDULES = {"often": (100, 99), "once": (1500, 777)}


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
        print(schedule, name, flush=True)
        if schedule == "often":
            print(loop(1500))
        try:
            if schedule == "once":
                loop(1500)
        except RuntimeError:
            if name == "operator":
                raise
