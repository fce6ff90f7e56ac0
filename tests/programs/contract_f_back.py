# The opaque function walks f_back, keeps the frames, and looks at them after they have returned.
# native: yes

import sys
from functools import partial
from operator import add


NAMES = ("leaf", "middle", "loop")


def act(i):
    frame = sys._getframe(1)
    chain = []
    while frame.f_code.co_name != "<module>":
        if frame.f_code.co_name in NAMES:
            chain.append((frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno))
            kept.append(frame)
        frame = frame.f_back
    chains[tuple(chain)] = chains.get(tuple(chain), 0) + 1
    # The same frames again, by their depth: the objects are the same ones.
    again = sys._getframe(1)
    while again.f_code.co_name != "loop":
        again = again.f_back
    same.append(again is kept[-1])
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
        kept, same, chains = [], [], {}
        print(
            schedule,
            name,
            loop(1500),
            chains,
            all(same),
            len({id(f) for f in kept if f.f_code.co_name == "loop"}),
        )
        for frame in kept[-3:]:
            print(
                "   ",
                frame.f_code.co_name,
                frame.f_back is None,
                sorted(frame.f_locals.items()),
            )
            try:
                frame.clear()
            except RuntimeError as error:
                print(error)
            print("   ", sorted(frame.f_locals.items()))
