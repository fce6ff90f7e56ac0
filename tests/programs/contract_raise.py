# The opaque function raises; the exception passes two inlined frames, is caught by the loop or leaves it.
# native: yes

from functools import partial
from operator import add


class Stop(Exception):
    pass


def act(i):
    if i % 300 == 99:
        raise KeyError(i)
    raise Stop(i)


def shape(error):
    """The traceback as names and relative lines; innermost last."""
    out = []
    tb = error.__traceback__
    while tb:
        code = tb.tb_frame.f_code
        out.append((code.co_name, tb.tb_lineno - code.co_firstlineno))
        tb = tb.tb_next
    return [entry for entry in out if entry[0] != "<module>"]


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
    try:
        if i % period == phase:
            route((i,))
    finally:
        finals.append(i)
    return half + i


def middle(i, x):
    y = x
    try:
        y = leaf(i, x) + 0.25
    except KeyError as error:
        caught.append(shape(error))
        raise ValueError(y) from error
    return y


def loop(n):
    a = 0
    x = 1.0
    for i in range(n):
        try:
            x = middle(i, x)
        except ValueError as error:
            caught.append((a, x, i, shape(error), shape(error.__cause__)))
            x = -x
        a += i * 3
    return a, x


for schedule, (period, phase) in SCHEDULES.items():
    for name, route in ROUTES.items():
        finals, caught = [], []
        try:
            print(loop(1500))
        except Stop as error:
            print(schedule, name, error, shape(error))
            local = error.__traceback__.tb_next.tb_frame.f_locals
            print({key: local[key] for key in "aix"})
        print(len(finals), len(caught), *caught[:2], sep="\n    ")
