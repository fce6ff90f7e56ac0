# native: stressed
# exits: vary
"""How deep constructors recurse: CPython's specialized calls of classes take two units of the recursion limit and do not look
at it; a full chunk of the data stack, or another call, does."""

import sys


class Chain:
    def __init__(self, n):
        self.below = Chain(n - 1) if n else None


class Wide:
    def __init__(self, n):
        a = b = c = d = n
        self.below = Wide(n - 1) if n else None


class Listed:
    def __init__(self, n):
        self.below = [Listed(n - 1) if n and i else None for i in range(2)]


class Method:
    def __init__(self, n):
        self.below = self.make(n)

    def make(self, n):
        return Method(n - 1) if n else None


class Rest:
    def __init__(self, *args):
        (n,) = args
        self.below = Rest(n - 1) if n else None


def deepest(cls, start, limit):
    for n in range(start, limit + 5):
        try:
            cls(n)
        except RecursionError:
            return n
    return None


# Specialized before it is measured.
for cls in Chain, Wide, Listed, Method, Rest:
    for n in range(30):
        cls(n)
DEPTHS = {
    150: (145, 127, 127, 49, 148),
    220: (145, 127, 127, 73, 218),
    400: (218, 255, 255, 133, 398),
    1000: (510, 511, 511, 334, 998),
}
for limit, depths in DEPTHS.items():
    sys.setrecursionlimit(limit)
    found = [deepest(cls, limit // 4, limit) for cls in (Chain, Wide, Listed, Method, Rest)]
    # Frames entered from C count a unit less.
    print(limit, [a if abs(a - b) > 2 else "as in CPython" for a, b in zip(found, depths)])
