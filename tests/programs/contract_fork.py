# The opaque function forks; the child goes on in the same native loop and reports through a pipe.
# exits: vary
# native: yes

import os
from functools import partial
from operator import add


child = None


def act(i):
    global child
    if child is None:
        r, w = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(r)
            child = w
        else:
            os.close(w)
            children.append((pid, r))
    return 0


def wait():
    answers = []
    for pid, r in children:
        with open(r) as pipe:
            answers.append(pipe.read())
        answers.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    return answers


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
        children = []
        if schedule == "often":
            period, phase = 500, 499
        result = loop(1500)
        if child is not None:
            # The child: the same result, and its own hot loops still work.
            os.write(child, repr((result, loop(300))).encode())
            os._exit(len(name))
        print(schedule, name, result, wait())
