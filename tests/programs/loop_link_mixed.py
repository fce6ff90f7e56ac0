# Inner loops whose variables come in with other types than they were compiled for: each link must hand everything over.
# native: yes
import sys

N = 400


def changing_sum(n):
    """The inner loop's sum is an int, a float, a Fraction-like object, a string's length."""
    out = []
    for i in range(n):
        s = 0 if i % 3 == 0 else 0.5 if i % 3 == 1 else True
        for j in range(9):
            s += j
        out.append(s)
    return sum(out), out[:4], [type(x).__name__ for x in out[-3:]]


class Num:
    def __init__(self, v):
        self.v = v

    def __add__(self, other):
        return Num(self.v + other)

    def __del__(self):
        dead.append(self.v)


dead = []


def objects_and_numbers(n):
    out = 0
    for i in range(n):
        s = Num(i) if i % 50 == 49 else i * 1.0 if i % 2 else i
        for j in range(5):
            s = s + j
        out += s.v if type(s) is Num else s
    s = None
    return out, len(dead), dead[:7], sum(dead)


def shared_box(n):
    """Two variables with one object, and identity after the loop."""
    same = other = 0
    for i in range(n):
        a = b = i + 100000
        x = a if i % 4 else float(a)
        for j in range(4):
            if j == 3 and x is a:
                same += 1
            if a is not b:
                other += 1
        a = b = None
    return same, other


def unbound(n):
    """A variable that is bound in some turns of the outer loop only."""
    hits = misses = 0
    for i in range(n):
        if i % 3 == 1:
            y = i if i % 2 else "s"
        for j in range(3):
            try:
                hits += len(str(y)) if j == 1 else 0
            except UnboundLocalError:
                misses += 1
        if i % 3 == 2:
            del y
    return hits, misses


def truths_and_nones(n):
    t = 0
    flag = False
    what = None
    for i in range(n):
        flag = i % 5 > 2 if i % 2 else None
        what = None if i % 7 < 3 else i * 0.5 if i % 7 < 5 else [i]
        for j in range(6):
            if flag:
                t += 1
            elif flag is None:
                t += 3
            if what is None:
                t += 10
            elif what:
                t += 100
    return t, flag, what


def swap_roles(n):
    """Ints and floats change places between the turns."""
    a, b = 1, 2.5
    for i in range(n):
        for j in range(4):
            a, b = b, a + 1 if a < 1e6 else a
        if i % 2:
            a, b = b, a
    return a, b


def deep(n):
    t = 0
    for i in range(n):
        x = i if i % 2 else float(i)
        for j in range(3):
            y = x if j % 2 else str(x)
            for k in range(3):
                t += k if type(y) is str else y
            for k in (1, 2.5, "z"):
                t += k if type(k) is not str else len(y) if type(y) is str else 0
    return t


def arguments(a, b, n):
    """Arguments that are only lent, overwritten in the loops."""
    s = 0
    for i in range(n):
        for j in range(3):
            s += a if j else b
            if i % 100 == 50:
                a = b
        if i % 10 == 5:
            b = 0.25 if type(b) is int else 3
    return s, a, b


def from_calls(n):
    total = 0
    for i in range(n):
        total += inner(i if i % 2 else i + 0.5, 4)
    return total


def inner(x, n):
    s = x
    for j in range(n):
        for k in range(2):
            s += x * k
        x = x + 1 if j % 2 else x + 0.5
    return s


def raising(n):
    lines = []
    for i in range(n):
        d = i % 5 if i % 2 else float(i % 5)
        for j in range(3):
            try:
                d = 10 / d + j
            except ZeroDivisionError as e:
                lines.append((i, j, e.__traceback__.tb_lineno - raising.__code__.co_firstlineno, str(e)))
                d = j
    return len(lines), lines[:4]


def references(n):
    marker = object()
    before = sys.getrefcount(marker)
    for i in range(n):
        x = marker if i % 3 == 0 else i if i % 3 == 1 else 1.5
        for j in range(4):
            y = x if j % 2 else j
        x = j
    y = None
    return sys.getrefcount(marker) - before


def generator(n):
    for i in range(n):
        x = i if i % 2 else i * 1.5
        for j in range(3):
            x += j
            yield x


for f in (
    changing_sum,
    objects_and_numbers,
    shared_box,
    unbound,
    truths_and_nones,
    swap_roles,
    deep,
    lambda n: arguments(2, 1.5, n),
    lambda n: arguments("ab"[:0] or 7, 9, n),
    from_calls,
    raising,
    references,
    lambda n: sum(generator(n)),
):
    for n in (N, N + 3):
        print(f.__name__, f(n))
