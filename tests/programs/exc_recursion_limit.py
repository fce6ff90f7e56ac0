# RecursionError at exactly CPython's depth: from hot loops, through methods, dunders, closures; and recovery.
# native: stressed
# references: differ

import sys


def frames():
    f = sys._getframe()
    n = 0
    while f:
        n += 1
        f = f.f_back
    return n


here = frames()
sys.setrecursionlimit(here + 300)


def down(n):
    return down(n + 1)


depth = 0


def counted():
    global depth
    depth += 1
    counted()


class Node:
    def __init__(self):
        self.calls = 0

    def method(self):
        self.calls += 1
        return self.method()

    def __add__(self, other):
        self.calls += 1
        return self + other

    def __getattr__(self, name):
        self.__dict__["calls"] += 1
        return getattr(self, name + "x")


def in_loop(n):
    global depth
    depths = {}
    for i in range(n):
        depth = 0
        try:
            counted()
        except RecursionError:
            depths[depth] = depths.get(depth, 0) + 1
    return depths


def loop_at_each_level(k):
    """A hot loop in every frame of the recursion."""
    global depth
    depth += 1
    s = 0
    for i in range(20):
        s += i
        if i == 10:
            s += loop_at_each_level(k + 1)
    return s


print(in_loop(30))
for start in (lambda: down(0), lambda: Node().method(), lambda: loop_at_each_level(0)):
    try:
        start()
    except RecursionError as error:
        print(error)
print(depth)
for action in ("method", "add"):
    node = Node()
    try:
        if action == "method":
            node.method()
        else:
            node + 1
    except RecursionError:
        print(action, node.calls)


def just_fits(n):
    return 0 if n == 0 else 1 + just_fits(n - 1)


def deepest():
    n = 200
    while True:
        try:
            just_fits(n)
        except RecursionError:
            return n
        n += 1


print(deepest(), deepest())


def traceback_length():
    try:
        down(0)
    except RecursionError as error:
        tb = error.__traceback__
        n = 0
        while tb:
            n += 1
            tb = tb.tb_next
        return n


print(traceback_length())


def limit_changes(n):
    out = []
    for extra in (100, 200, 50, 300):
        sys.setrecursionlimit(here + extra)
        out.append(deepest() if extra >= 250 else fits_below(extra))
    return out


def fits_below(limit):
    n = 1
    try:
        while True:
            just_fits(n)
            n += 1
    except RecursionError:
        return n


print(limit_changes(4))
sys.setrecursionlimit(20000)
print(just_fits(15000), sum(just_fits(i % 700) for i in range(100)))
