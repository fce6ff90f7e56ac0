# native: yes
"""Instances that compiled code makes by a call, because the class comes out of a variable: their `__init__` owns its arguments
alone, lets them die early, returns what it must not, recurses to the limit."""

import sys
from collections import Counter


class Argument:
    def __init__(self, n):
        self.n = n

    def __del__(self):
        frame = sys._getframe(1)
        deaths[frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno] += 1


class Node:
    def __init__(self, items):
        counts["items", sys.getrefcount(items)] += 1
        counts["self", sys.getrefcount(self)] += 1
        self.items = items


class Forgets:
    def __init__(self, items, argument=None, *more, key=None):
        argument = None
        more = None
        self.items = items


class Wrong:
    def __init__(self, n):
        self.n = n
        if n % 50 == 49:
            return self
        if n % 50 == 48:
            raise ValueError(n)

    def __del__(self):
        deaths["Wrong", self.n % 50 > 47, sys._getframe(1).f_code.co_name] += 1


def build(n, depth):
    return Node(tuple([build(n, depth - 1) if depth and i == 1 else "%d" % i for i in range(n)]))


def forget(n, depth):
    if depth < 0:
        return None
    return Forgets(tuple([forget(n, depth - 1) for i in range(n)]), Argument(n), Argument(depth), Argument(0))


def wrong(n, depth):
    try:
        return Wrong([wrong(n, depth - 1) if depth else n for i in range(2)][0] and n)
    except (TypeError, ValueError) as error:
        lines = []
        trace = error.__traceback__
        while trace:
            lines.append((trace.tb_frame.f_code.co_name, trace.tb_lineno))
            trace = trace.tb_next
        errors[str(error), tuple(lines)] += 1
        return 5


class Deep:
    def __init__(self, n):
        self.below = [Deep(n - 1) if n and i else None for i in range(2)]


def deep(n):
    """The deepest that can be made from here."""
    made = 0
    while True:
        try:
            Deep(made)
        except RecursionError:
            return made
        made += 1


def often(function, n, *args):
    """What the last half of the calls saw: at first CPython has specialized nothing."""
    for k in range(n):
        if k == n // 2:
            deaths.clear(), counts.clear(), errors.clear()
        function(*args, k) if function is wrong_twice else function(*args)
    print(function.__name__, sorted(deaths.items()), sorted(counts.items()))
    for error in sorted(errors.items()):
        print("   ", error)


def wrong_twice(k):
    wrong(k, 1)


deaths, counts, errors = Counter(), Counter(), Counter()
often(build, 400, 3, 2)
often(forget, 300, 2, 2)
often(wrong_twice, 800)
sys.setrecursionlimit(220)
print(deep(1))
