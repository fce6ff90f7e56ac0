# Calls of C code by each convention, at places where the next callable, receiver or type is of another kind; what their
# operands see when they die.
# native: no

import functools
import operator
import sys
import weakref


def attempt(function, *args):
    try:
        return function(*args)
    except Exception as e:
        return type(e).__name__, str(e)


class MyList(list):
    pass


class MyStr(str):
    def upper(self):
        return "mine"


class MyDict(dict):
    def __contains__(self, key):
        return key == "everything"

    def __len__(self):
        return 1000


class Loud:
    """Says when it dies, and what is left of its caller's variables then."""

    def __init__(self, name):
        self.name = name

    def __del__(self):
        frame = sys._getframe(1)
        print("dies", self.name, frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno)

    def __eq__(self, other):
        return isinstance(other, Loud) and self.name == other.name

    def __hash__(self):
        return hash(self.name)


def methods(receivers, argument):
    seen = []
    for receiver in receivers:
        # METH_O, METH_NOARGS, METH_FASTCALL with keywords and without, METH_VARARGS
        seen.append(attempt(lambda: receiver.append(argument)))
        seen.append(attempt(lambda: receiver.copy()))
    return seen


for _ in range(5):
    print(methods([[1], MyList([2]), bytearray(b"x"), {1}, {1: 2}], 3))


def unbound(descriptors, receivers):
    out = []
    for descriptor in descriptors:
        for receiver in receivers:
            out.append(attempt(descriptor, receiver))
    return out


for _ in range(4):
    print(unbound([str.upper, list.copy, dict.keys, MyStr.upper], ["a", MyStr("b"), [1], {}]))


def by_name(texts):
    return [attempt(lambda: t.upper()) for t in texts] + [attempt(lambda: t.split(",", 1)) for t in texts]


for _ in range(4):
    print(by_name(["a,b", MyStr("c,d,e"), b"f,g", 5]))


def constructors(values):
    out = []
    for value in values:
        out.append(attempt(lambda: str(value)))
        out.append(attempt(lambda: tuple(value)))
        out.append(attempt(lambda: weakref.ref(value)() is value))
        out.append(attempt(lambda: type(value)(value)))
    return out


class Bad:
    def __str__(self):
        return 5

    def __iter__(self):
        return 6


for _ in range(4):
    print(constructors(["s", [1, 2], MyList([3]), {"k": 1}, 7, Bad])[:-1])
    print(attempt(str, Bad()), attempt(tuple, Bad()))


def wrappers(objects):
    getter = type.__dict__["__mro__"].__get__
    return [attempt(lambda: [c.__name__ for c in getter(o)]) for o in objects]


for _ in range(4):
    print(wrappers([int, MyList, 5, Loud]))


def dying(count):
    for i in range(count):
        # An argument, a receiver and a callable that die in the call's release, in this order.
        x = []
        x.append(Loud("appended"))
        x = None
        len([Loud("in a list")])
        str(Loud("str")).upper()[:0].join(["", ""])
        operator.is_(Loud("left"), Loud("right"))
        functools.partial(int, "7")()
        print(Loud("searched") in [Loud("found"), Loud("not")], Loud("a") in (Loud("a"),), i)
        isinstance(Loud("instance"), (int, Loud))
        print(max(Loud("key"), Loud("key"), key=lambda x: x.name).name)


dying(3)


def lengths(containers):
    return [len(c) for c in containers]


for _ in range(3):
    print(lengths([set(range(300)), frozenset("abc"), b"bytes", list(range(1000)), MyDict(), "t" * 70000, range(5), {}]))


def searches(containers, wanted):
    return [wanted in c for c in containers]


for _ in range(3):
    print(searches([(1, "everything"), ["a"], {"everything": 1}.keys(), MyDict(), {}, range(3), {"everything"}], "everything"))
print(attempt(searches, [(1,), 5], 1))


def kinds_of_iterators(iterables):
    out = []
    for iterable in iterables:
        for item in iterable:
            out.append(item)
    return out


class Count:
    def __init__(self):
        self.n = 0

    def __iter__(self):
        return self

    def __next__(self):
        self.n += 1
        if self.n > 2:
            raise StopIteration
        return self.n


class MyMap(map):
    pass


class LoudMap(map):
    def __next__(self):
        return "mine", super().__next__()


for _ in range(3):
    print(
        kinds_of_iterators(
            [
                {1: 2},
                map(str, [1]),
                MyMap(str, [2]),
                LoudMap(str, [3]),
                Count(),
                zip("a", "b"),
                enumerate("c"),
                (x for x in [1]),
                "text",
                reversed([1, 2]),
            ]
        )
    )


def broken():
    yield from kinds_of_iterators([map(int, ["1", "x"])])


print(attempt(list, broken()))


def with_keywords(functions):
    return [attempt(lambda: f("3,1,2", **{})) for f in functions] + [
        attempt(lambda: f([3, 1, 2], key=lambda x: -x)) for f in functions
    ]


for _ in range(3):
    print(with_keywords([sorted, max, str.split, len, list.sort, lambda x, key=None: x]))


def negative(sequences):
    return [(attempt(lambda: s[-1]), attempt(lambda: s[-3])) for s in sequences]


for _ in range(3):
    print(negative([[1, 2, 3], (4, 5), "abc", b"abc", MyList([1, 2, 3]), range(4), [Loud, 1, 2]]))


def last_of_dying(count):
    for i in range(count):
        print([1, i][-1], (i, 5)[-2], [Loud("last")][-1].name)


last_of_dying(3)


def slices(sequence, bounds):
    return [attempt(lambda: sequence[low:high]) for low in bounds for high in bounds]


for _ in range(3):
    for sequence in [[1, 2, 3], (4, 5, 6), "789", MyList([1, 2]), b"ab", range(3), 5]:
        print(slices(sequence, [None, 0, 1, -1, -9, 9, 2**70, -(2**70), True, 2.0]))


def dying_slices(count):
    for i in range(count):
        print([Loud("first"), Loud("second")][i : i + 1])


dying_slices(2)


def shared_numbers(values):
    out = []
    for v in values:
        box = [v, v]
        out.append((attempt(lambda: box[0] + box[1]), attempt(lambda: box[0] * box[1]), attempt(lambda: box[0] - 1)))
        out.append((attempt(lambda: box[0] + 0.5), attempt(lambda: -box[0] / 3), attempt(lambda: box[0] ** 2)))
        out.append((box[0] + box[1] + box[0] - (box[1] + 1.5), box, v // 7, v % 5, attempt(lambda: 10 / (box[0] - box[1]))))
    return out


for _ in range(4):
    print(shared_numbers([1.5, 1000, 2**30, 2**31 - 1, -(2**30), 2**62, 3, True, -7.25, 2**64]))
