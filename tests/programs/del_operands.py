# native: yes
# exits: differ
"""Operands that nobody else holds die with their instruction: of every operation, in every place, with operators written in
Python and in C; how many, where, and in which order."""

import gc
import sys
from collections import Counter

TURNS = 240


class T:
    """An operand: has every operator, and says when it dies."""

    def __init__(self, place, n=1):
        self.place = place
        self.n = n

    def __del__(self):
        if counting:
            frame = sys._getframe(1)
            where = frame.f_code.co_name
            deaths[self.place, where] += 1
            order.append(self.place)

    def __add__(self, other):
        return 1

    __sub__ = __mul__ = __or__ = __lshift__ = __truediv__ = __mod__ = __matmul__ = __pow__ = __add__

    def __iadd__(self, other):
        return self

    def __radd__(self, other):
        return 2

    def __eq__(self, other):
        return True

    def __lt__(self, other):
        return False

    def __contains__(self, item):
        return True

    def __getitem__(self, key):
        if key == 9:
            raise IndexError
        return 3

    def __setitem__(self, key, value):
        pass

    def __delitem__(self, key):
        pass

    def __len__(self):
        return 4

    def __bool__(self):
        return True

    def __neg__(self):
        return 5

    def __invert__(self):
        return 6

    def __call__(self, *args, **names):
        return 7

    def __iter__(self):
        return iter((1, 2))

    def __enter__(self):
        return 8

    def __exit__(self, *error):
        return False

    def __format__(self, spec):
        return "f"

    def __str__(self):
        return "s"

    def __repr__(self):
        return "r"

    def __hash__(self):
        return 5

    def __index__(self):
        return 0

    def __getattr__(self, name):
        if name == "gone":
            raise AttributeError(name)
        return 9

    @property
    def prop(self):
        return 10

    @prop.setter
    def prop(self, value):
        pass

    @prop.deleter
    def prop(self):
        pass

    def method(self, *args, key=None):
        return 11

    @classmethod
    def make(cls, *args):
        return 12

    @staticmethod
    def helper(*args):
        return 13


class Next(T):
    def __next__(self):
        if self.n > 2:
            raise StopIteration
        self.n += 1
        return T("item")

    def __iter__(self):
        return self


class Rest:
    def __init__(self, *args, key=None):
        pass


class Simple:
    def __init__(self, a, b=None):
        self.a = a


class Slot:
    __slots__ = ("a",)


def plain(a, b=None):
    return 14


def rest(*args, key=None):
    return 15


def generator(a):
    yield T("yielded")
    yield a


# A and B stand for new operands, o for a lasting one.
OPERATIONS = """
x = A + B; x = A - B; x = A * B; x = A | B; x = A << B; x = A / B; x = A % B; x = A @ B; x = A ** B; x = 1 + B; x = A + 1; x = o + B
x = A; x += B; x = A == B; x = A < B; x = A is B; x = A is None; x = A in B; x = A not in B; x = A in o; x = 1 in B
x = A in (1, 2); x = A in [o]; x = A in {1: 2}; x = (A, B); x = [A, B]; x = {A: B}; x = {A, 1}; x = A if B else 0; x = not A
x = A and B; x = A or B; x = -A; x = ~A; x = A[B]; x = A[1]; x = o[B]; x = A[1:2]; x = A[B:1]; x = [1, 2][A]; x = (1, 2)[B]
o[A] = B; A[1] = 2; A[1] = B; A[B] = 3; del A[1]; del A[B]; del o[A]; A[1:2] = B; x = {1: 2}.get(A, B); x = [A][0]; x = (A, B)[1]
x = A.n; x = A.prop; x = A.other; A.n = B; A.prop = B; A.new = 1; del A.prop; del A.n; x = A.method; x = A.method()
x = A.method(B); x = A.method(1, B); x = A.method(key=B); x = A.method(*[B]); x = A.make(B); x = A.helper(B); x = o.method(A, B)
x = A(); x = A(B); x = A(key=B); x = A(*[B]); x = A(**{"k": B}); x = plain(A); x = plain(A, B); x = plain(A, b=B); x = plain(*(A, B))
x = rest(A, B); x = rest(A, key=B); x = rest(*[A], **{"key": B}); x = (lambda v: 1)(A); x = (lambda v=A: 1)(); x = Simple(A)
x = Simple(A, B); x = Simple(A, b=B); x = Rest(A, B); x = Rest(A, key=B); x = Simple(A).a; x = Slot(); x.a = A; x.a = B
x = len(A); x = isinstance(A, T); x = type(A); x = str(A); x = repr(A); x = hash(A); x = bool(A); x = abs([A] and 1); x = id(A) and 1
x = f"{A}"; x = f"{A!s}{B!r}"; x = f"{A:>3}"; x = "%s" % (A,); x = [].append(A); x = list((A, B)); x = tuple([A, B]); x = max(1, len(B))
x, y = A, B; x, y = (A, B); x, *y = A, B, o; [x, y] = [A, B]; x = y = A; (x := A); x = [A for z in (1, 2)]; x = [z for z in [A, B]]
x = A.gone if not A else 1; x = getattr(A, "n"); x = getattr(A, "gone", B); setattr(A, "n", B); x = print(end="", sep="") or A
x, y = A; x = list(A); x = sum(A); x = sorted([1], key=lambda v: len([A])); x = next(iter([A])); x = [*A, *[B]]; x = {**{1: A}}
x = list(generator(A)); x = next(generator(A)); x = sum(1 for z in [A, B]); x = A; x = B; x = None; del x; x = A; y = x; x = None; y = None
"""
BLOCKS = """
for z in A: pass
for z in [A, B]: pass
for z in Next("iterator"): pass
for z in generator(A): pass
for z in generator(A): break
with A: pass
with A as z: x = B
if A: x = B
while A: x = B; break
try: raise ValueError(A)@except ValueError as e: x = B
try: A.gone@except AttributeError: x = B
try: A[9]@except IndexError as e: x = e
try: A + plain(*A, *B, 1)@except TypeError: x = 0
try: A[9] + B@except LookupError: x = 0
match A:@    case T(n=1): x = B
match (A, B):@    case (a, b): a = b = 0
assert A
if A == B != A: pass
if A < B: pass@else: x = A
"""


def sources():
    for line in OPERATIONS.split("\n"):
        # Statements that belong together begin with `x = A;`.
        parts = [part.strip() for part in line.split(";") if part.strip()]
        for part in parts:
            yield part
        if line:
            yield line
    for line in BLOCKS.strip().split("\n"):
        yield line.replace("@", "\n")


def function(n, text):
    body = text.replace("A", "T('A')").replace("B", "T('B')").replace("T('A')ttributeE", "AttributeE")
    lines = [f"def f{n}(turns, o):", "    x = y = z = None", "    for i in range(turns):"]
    lines += ["        " + line for line in body.split("\n")]
    namespace = dict(globals())
    exec("\n".join(lines), namespace)
    return namespace[f"f{n}"]


# Frames of exceptions that are kept are garbage in cycles.
gc.disable()
counting = False
deaths, order = Counter(), []
lasting = T("lasting")
for n, text in enumerate(sources()):
    call = function(n, text)
    try:
        call(TURNS, lasting)
        deaths.clear(), order.clear()
        counting = True
        call(TURNS, lasting)
    except Exception as error:
        print(text, "raises", type(error).__name__, error)
    counting = False
    gc.collect()
    print(text, sorted(deaths.items()), "".join(place[0] for place in order[-8:]))


# Two references that go at once: to objects that live on, while the loop is recorded, then to one that dies.
ALIASES = """
x, y = pair(i)
x = y = one(i)
two(*pair(i))
three(1, *pair(i))
Two(*pair(i))
x = [*pair(i)]; x = None
x = one(i); y = x; x, y = 1, 2
for x, y in [pair(i)]: pass
x = one(i) in [one(i)]
x = one(i) is one(i)
o.n = one(i); o.other = o.n; o.n = o.other = 1
"""


def two(a, b):
    return None


def three(n, a, b=3):
    a = b = n


class Two:
    def __init__(self, a, b):
        pass


kept = []


def one(i):
    if i < 3 * TURNS:
        kept.append(T("kept"))
        return kept[-1]
    return T("lone")


def pair(i):
    if i < 3 * TURNS:
        kept.append(T("kept"))
        kept.append(T("kept"))
        return kept[-1], kept[-2]
    t = T("lone")
    return t, t


for n, text in enumerate(ALIASES.strip().split("\n")):
    call = function(f"_alias{n}", text)
    deaths.clear(), order.clear(), kept.clear()
    counting = True
    call(6 * TURNS, lasting)
    counting = False
    print(text, sorted(deaths.items()), len(kept))
