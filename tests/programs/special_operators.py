# native: yes
# references: differ
"""Operators, comparisons, truth, length and containers by methods written in Python: their answers, NotImplemented, errors
in them with their lines, what they see of their callers, and when operands die."""

import sys
import traceback

log = []


class Vector:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def __add__(self, other):
        if not isinstance(other, Vector):
            return NotImplemented
        return Vector(self.x + other.x, self.y + other.y)

    def __radd__(self, other):
        if isinstance(other, str):
            return NotImplemented
        return Vector(self.x + other, self.y + other)

    def __sub__(self, other):
        return Vector(self.x - other.x, self.y - other.y)

    def __rmul__(self, k):
        return Vector(self.x * k, self.y * k)

    def __imul__(self, k):
        self.x *= k
        self.y *= k
        return self

    def __iadd__(self, other):
        return NotImplemented

    def __neg__(self):
        return Vector(-self.x, -self.y)

    def __invert__(self):
        return self.x ^ self.y

    def __eq__(self, other):
        if isinstance(other, Vector):
            return self.x == other.x and self.y == other.y
        return NotImplemented

    def __lt__(self, other):
        if isinstance(other, Vector):
            return self.x < other.x
        return NotImplemented

    def __bool__(self):
        return self.x != 0

    def __len__(self):
        return 2

    def __contains__(self, item):
        return item == self.x or item == self.y

    def __getitem__(self, i):
        if i == 0:
            return self.x
        if i == 1:
            return self.y
        raise IndexError(i)

    def __setitem__(self, i, value):
        if i == 0:
            self.x = value
        else:
            self.y = value

    def __delitem__(self, i):
        log.append(("del", i))


def arithmetic(n):
    a, b = Vector(0, 1), Vector(1, 2)
    for i in range(n):
        a = a + b
        a = a - Vector(i, 1)
        c = 2 * a
        c *= 3
        c = -c
        if a == b or not a != b:
            a = a + Vector(1, 1)
        if a < c:
            b = b + Vector(0, 1)
        a[0] = a[1] + len(a)
        if i in a:
            a[1] = 5
        if a:
            b = 1 + b
        a += b
        s = ~a
    return a.x, a.y, b.x, b.y, s


print(arithmetic(2000))


class Other:
    def __radd__(self, other):
        return "radd", type(other).__name__

    def __gt__(self, other):
        return "gt"

    def __eq__(self, other):
        return "maybe"


class Plain:
    pass


def fallbacks(n, special):
    v, w = Vector(1, 2), Vector(3, 4)
    other, plain = Other(), Plain()
    out = []
    for i in range(n):
        right = w
        if i == special:
            right = other
        if i == special + 1:
            right = plain
        try:
            r = v + right
            out.append(type(r).__name__)
        except TypeError as e:
            out.append(str(e))
        try:
            r = v < right
            out.append(r)
        except TypeError as e:
            out.append(str(e))
        out.append(v == right)
        out.append(v != right)
        try:
            r = v
            r += right
            out.append(type(r).__name__)
        except TypeError as e:
            out.append(str(e))
    return [x for n, x in enumerate(out) if n == 0 or out[n - 1] != x]


print(fallbacks(600, 400))


class Odd:
    def __init__(self, answer):
        self.answer = answer

    def __bool__(self):
        return self.answer

    def __len__(self):
        return self.answer

    def __contains__(self, x):
        return self.answer

    def __lt__(self, x):
        return self.answer


class OnlyLength:
    def __init__(self, answer):
        self.answer = answer

    def __len__(self):
        return self.answer


def answers(n, odd):
    good, length = Odd(True), OnlyLength(3)
    out = []
    for i in range(n):
        x = good
        if i >= n - len(odd):
            x = Odd(odd[i - n])
            length = OnlyLength(odd[i - n])
        for what in 0, 1, 2, 3, 4:
            try:
                if what == 0:
                    r = "true" if x else "false"
                elif what == 1:
                    r = len(length)
                elif what == 2:
                    r = 1 in x
                elif what == 3:
                    r = "less" if x < 1 else "more"
                else:
                    r = "long" if length else "short"
            except Exception as e:
                r = type(e).__name__, str(e)
            out.append(r)
    return [x for n, x in enumerate(out) if n < 5 or out[n - 5] != x]


print(answers(500, [False, 0, 1, -1, 2.5, "x", "", None, 10**30, [1]]))


class Raiser:
    def __init__(self, at):
        self.at = at
        self.count = 0

    def step(self):
        self.count += 1
        if self.count == self.at:
            raise KeyError(self.count)
        return self.count

    def __add__(self, other):
        return self.step()

    def __lt__(self, other):
        return self.step() > 0

    def __getitem__(self, i):
        return self.step()

    def __setitem__(self, i, v):
        self.step()

    def __contains__(self, i):
        return self.step() > 0

    def __bool__(self):
        return self.step() > 0

    def __len__(self):
        return self.step()


def raising(r, n):
    s = 0
    for i in range(n):
        s += r + i
        if r < i:
            s += 1
        s += r[i]
        r[i] = s
        if i in r:
            s += 2
        if r:
            s += 3
        s += len(r)
    return s


for at in range(2100, 2107):
    try:
        print(raising(Raiser(at), 1000))
    except KeyError as e:
        frames = traceback.extract_tb(e.__traceback__)
        print([(f.name, f.lineno, f.line) for f in frames])


class Mortal:
    def __init__(self, name):
        self.name = name

    def __add__(self, other):
        log.append(("add", self.name))
        return self.name

    def __mul__(self, other):
        self = None
        log.append("mul")
        return other

    def __eq__(self, other):
        log.append(("eq", self.name))
        return True

    def __getitem__(self, i):
        return self

    def __del__(self):
        log.append(("dies", self.name))


def dying(n):
    for i in range(n):
        r = Mortal("left") + Mortal("right")
        r = Mortal("one") * i
        if Mortal("a") == Mortal("b"):
            r = Mortal("self")[0]
        log.append("end")


dying(300)
print(len(log), log[-24:], hash(tuple(map(str, log))) != 0)
print(log[:12] == log[-12:])


class Looker:
    def __add__(self, other):
        frame = sys._getframe(1)
        return frame.f_lineno, frame.f_locals["i"], sys.getrefcount(self), sys.getrefcount(other)

    def __len__(self):
        sys._getframe(1).f_locals["seen"] = "written"
        return 1


def looking(n):
    seen = None
    looker, right = Looker(), [1]
    for i in range(n):
        r = looker + right
        if len(looker) and seen != "written":
            print("not written", i)
        seen = i
    return r


print(looking(400))


class Nested:
    def __init__(self, depth):
        self.inner = Nested(depth - 1) if depth else None

    def __eq__(self, other):
        return self.inner == other.inner

    def __len__(self):
        return 1 + len(self.inner) if self.inner else 1

    def __bool__(self):
        return True


def nested(n):
    a, b = Nested(20), Nested(20)
    k = 0
    for i in range(n):
        k += a == b
        k += len(a)
    return k


print(nested(300))


class Endless:
    def __add__(self, other):
        return self + other


def endless():
    try:
        Endless() + 1
    except RecursionError as e:
        return type(e).__name__


for _ in range(5):
    print(endless())
