# The opaque function switches sys.monitoring on, globally or for one inlined function, and off again.
# native: yes
# references: differ

import sys
from functools import partial
from operator import add


mon = sys.monitoring
TOOL = mon.DEBUGGER_ID
E = mon.events


def on_line(code, line):
    if code.co_filename == __file__ and code.co_name in ("leaf", "middle", "loop"):
        events.append((code.co_name, line - code.co_firstlineno))
        if len(events) >= limit:
            mon.set_events(TOOL, 0)
            mon.set_local_events(TOOL, leaf.__code__, 0)


def on_return(code, offset, value):
    if code.co_name in ("leaf", "middle"):
        events.append((code.co_name, value))


def act(i):
    global limit
    limit = len(events) + 12
    if i % 200 == 99:
        mon.set_local_events(TOOL, leaf.__code__, E.LINE | E.PY_RETURN)
    else:
        mon.set_events(TOOL, E.LINE | E.PY_RETURN)
    return 0


mon.use_tool_id(TOOL, "contract")
mon.register_callback(TOOL, E.LINE, on_line)
mon.register_callback(TOOL, E.PY_RETURN, on_return)


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
        print(schedule, name, loop(1500), len(events))
        print(*events[:12], sep="\n    ")
        mon.set_events(TOOL, 0)
        mon.set_local_events(TOOL, leaf.__code__, 0)
