# How far an iterator is lives in registers while a loop runs natively: everybody who can look must see it in memory.
# native: yes
import gc
import operator
import sys

LOOPS = 700


def shared_next(n):
    """The body takes items from the loop's own iterator."""
    it = iter(range(n))
    out = 0
    for i in it:
        out += i
        if i % 3 == 0:
            out -= 2 * next(it, 0)
    return out, next(it, "end"), operator.length_hint(it)


def two_names(n):
    """Two loops over one iterator: what the first leaves, the second takes."""
    it = iter(range(0, n, 3))
    first = second = 0
    for i in it:
        first += i
        if i > n // 2:
            break
    rest = it.__reduce__()[1], it.__length_hint__()
    for i in it:
        second += i
    return first, second, rest, list(it)


def zipped_with_itself(n):
    it = iter(range(n))
    out = 0
    for a, b in zip(it, it):
        out += a * 3 - b
    return out, list(it)


def left_by_an_exception(n):
    it = iter(range(n))
    total = 0
    while True:
        try:
            for i in it:
                total += i
                total // (i % 50 - 49)
            return total
        except ZeroDivisionError:
            total += 1000 * it.__length_hint__()


def looked_at_by_a_callee(it, seen):
    seen.append((it.__length_hint__(), it.__reduce__()[1], it.__reduce__()[2:]))


def callee_sees(n):
    it = iter(range(5, n, 7))
    seen = []
    total = 0
    for i in it:
        total += i
        if i % 11 == 0:
            looked_at_by_a_callee(it, seen)
    return total, seen[:4], seen[-3:]


def stack_of(generator):
    """What is on the value stack of a generator, which runs."""
    found = []
    for o in gc.get_referents(generator):
        if type(o).__name__ in ("range_iterator", "list_iterator", "tuple_iterator"):
            found.append((type(o).__name__, o.__length_hint__()))
    return found


class Box:
    pass


def items(n, box, seen):
    for i in range(n):
        if i % 97 == 5:
            seen.append(stack_of(box.generator))
        yield i * 2


def generator_is_looked_into(n):
    box, seen = Box(), []
    box.generator = items(n, box, seen)
    total = 0
    for x in box.generator:
        total += x
        if x % 311 == 0:
            seen.append(("outside", stack_of(box.generator)))
    return total, seen


def advanced_from_within(n, box):
    """A callee takes items from the iterator on the stack of the generator that called it."""
    total = 0
    for i in range(n):
        total += i
        if i % 41 == 3:
            steal(box.generator)
        yield total


def steal(generator):
    for o in gc.get_referents(generator):
        if type(o).__name__ == "range_iterator":
            next(o, None)


def stolen(n):
    box = Box()
    box.generator = advanced_from_within(n, box)
    return sum(box.generator)


def list_positions(n):
    data = list(range(n))
    it = iter(data)
    out = []
    total = 0
    for x in it:
        total += x
        if x % 100 == 7:
            out.append(it.__length_hint__())
        if x % 150 == 8:
            data.append(-1)
        if x % 170 == 9:
            it.__setstate__(x + 5)
    return total, out, len(data), it.__length_hint__()


def tuple_positions(n):
    data = tuple(range(n))
    it = iter(data)
    total = 0
    for x in it:
        total += x
        if x == n - 10:
            break
    return total, it.__length_hint__(), list(it)


def enumerated(n):
    it = enumerate(range(n))
    total = 0
    for i, x in it:
        total += i * x
        if x == n // 2:
            total += it.__reduce__()[1][1]
            break
    return total, next(it), it.__reduce__()[1][1]


def set_back(n):
    """__setstate__ moves a range iterator while a loop goes over it."""
    it = iter(range(n))
    total = back = 0
    for i in it:
        total += i
        if i == n - 50 and back < 3:
            back += 1
            it.__setstate__(n // 2)
    return total, back


def counts(n):
    it = iter(range(n))
    before = sys.getrefcount(it)
    total = within = 0
    for i in it:
        total += i
        if i == n - 5:
            within = sys.getrefcount(it) - before
    return total, within, sys.getrefcount(it) - before


def traced(n):
    """A trace function comes in the middle of the loop and looks at the iterator."""
    it = iter(range(n))
    seen = []

    def local(frame, event, arg):
        if event == "line" and len(seen) < 6:
            seen.append((frame.f_lineno - frame.f_code.co_firstlineno, it.__length_hint__()))
        return local

    def body(it):
        total = 0
        for i in it:
            total += i
            if i == n - 20:
                sys._getframe().f_trace = local
                sys.settrace(lambda *a: None)
            if i == n - 10:
                sys.settrace(None)
        return total

    return body(it), seen


def frames_back(n):
    it = iter(range(n))
    total = 0
    for i in it:
        total += i
        if i % 200 == 9:
            total += look_back()
    return total


def look_back():
    frame = sys._getframe(1)
    return frame.f_locals["it"].__length_hint__() + frame.f_locals["i"]


for f in (
    shared_next,
    two_names,
    zipped_with_itself,
    left_by_an_exception,
    callee_sees,
    generator_is_looked_into,
    stolen,
    list_positions,
    tuple_positions,
    enumerated,
    set_back,
    counts,
    traced,
    frames_back,
):
    for n in (LOOPS, LOOPS + 1, 2 * LOOPS):
        print(f.__name__, n, f(n))
