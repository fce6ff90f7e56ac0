# The opaque function switches sys.settrace on for all frames below it; the next call switches it off.
# native: yes
# references: differ

import sys
from functools import partial
from operator import add


def tracer(frame, event, arg):
    code = frame.f_code
    if code.co_filename != __file__ or code.co_name not in ("leaf", "middle", "loop"):
        return None
    events.append((code.co_name, event, frame.f_lineno - code.co_firstlineno))
    if len(events) >= limit:
        sys.settrace(None)
        return None
    return tracer


def act(i):
    global limit
    limit = len(events) + 14
    frame = sys._getframe(1)
    while frame.f_code.co_name != "<module>":
        frame.f_trace = tracer
        frame = frame.f_back
    sys.settrace(tracer)
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
        events = []
        result = loop(1500)
        sys.settrace(None)
        print(schedule, name, result, len(events))
        print(*events[:14], sep="\n    ")
