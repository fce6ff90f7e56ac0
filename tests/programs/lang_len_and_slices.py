"""len() and plain slices of the builtin sequences: every kind of bound, subclasses, and what dies with them."""
import builtins
import sys

log = []


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        log.append(self.value)
        return self.value

    def __repr__(self):
        return f"Index({self.value})"


class Loud:
    def __del__(self):
        log.append("dead")


class List(list):
    def __len__(self):
        return 77

    def __getitem__(self, key):
        return "list", key


class Str(str):
    def __len__(self):
        return 78


class Tuple(tuple):
    pass


class Dict(dict):
    def __len__(self):
        return 79


def cut(container, low, high):
    try:
        return container[low:high]
    except (TypeError, ValueError) as error:
        return str(error)


big = 10**30
bounds = [None, 0, 1, 2, 5, 7, 8, 100, -1, -2, -7, -8, -100, big, -big, True, False, 1.0, "x", Index(1), Index(-1), 2**31, -(2**62)]
containers = ["abcdefg", "äb€defg", "", list(range(7)), [], tuple(range(7)), (), b"abcdefg", range(7), List([1, 2, 3]), Str("abcdefg"), Tuple((1, 2, 3)), bytearray(b"abcdefg")]
for container in containers:
    results = [(low, high, cut(container, low, high)) for low in bounds for high in bounds]
    text = repr([(r[2], type(r[2]).__name__) for r in results])
    print(type(container).__name__, len(results), sum(map(ord, text)), text[:160])
print(len(log))


def identity(n=30):
    text, numbers, items = "abcdefg", tuple(range(7)), [1, 2, 3]
    out = []
    for _ in range(n):
        out.append((text[:] is text, text[0:100] is text, numbers[:] is numbers, numbers[0:7] is numbers, items[:] is items))
        out.append((text[3:3] is "", numbers[5:2] is (), text[2:3] is text[2], Str("ab")[:].__class__, Tuple((1,))[:].__class__))
    return set(out)


print(identity())


def deaths(n=30):
    log.clear()
    for _ in range(n):
        (Loud(), 1)[1:]
        [Loud(), 1][:1]
        log.append("-")
    return log[-4:], len(log)


print(deaths())


def references(n=60):
    items, numbers, key = [object()] * 3, (object(),) * 3, int("1000")
    before = [sys.getrefcount(x) for x in (items, numbers, items[0], numbers[0], key)]
    for _ in range(n):
        items[0:key], numbers[1:key], items[-key:2], "abc"[key:]
        len(items), len(numbers)
    return before == [sys.getrefcount(x) for x in (items, numbers, items[0], numbers[0], key)]


print(references())


def lengths(things):
    out = []
    for thing in things:
        try:
            out.append(len(thing))
        except (TypeError, ValueError) as error:
            out.append(str(error))
    return out


class Negative:
    def __len__(self):
        return -1


class NoInt:
    def __len__(self):
        return "x"


things = ["abc", [1], (1, 2), {1: 2}, {1}, frozenset(), b"x", bytearray(3), range(9), List([1]), Str("x"), Dict(a=1), Negative(), NoInt(), 5, None]
things += ["x" * 300, [0] * 300, dict.fromkeys(range(300)), (0,) * 256, (0,) * 257]
for _ in range(5):
    last = lengths(things * 3)
print(last[: len(things)])


def temporaries(n=30):
    log.clear()
    out = [(len([Loud()]), len((Loud(), 1)), len({1: Loud()}), log.append("-")) for _ in range(n)]
    return set(out), log[:4], len(log)


print(temporaries())


def shadowed(n=40):
    out = []
    for i in range(n):
        if i == 20:
            builtins.len = lambda x: "mine"
        out.append(len("abc"))
    builtins.len = original
    return out[18:22], len("abc")


original = len
print(shadowed())
try:
    for i in range(30):
        len("a", *[1] * (i == 20))
except TypeError as error:
    print(error)
try:
    for i in range(30):
        len()
except TypeError as error:
    print(error)
