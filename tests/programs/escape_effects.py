# What C functions called from native loops may do to the frames that called them: write their locals, raise through
# them, look at them, swap code under them, and fill the data stack.
# native: yes

import functools
import gc
import sys


def poke(at, name, value, i):
    if i == at:
        sys._getframe(1).f_locals[name] = value
    return i


def look(at, i):
    if i == at:
        frame = sys._getframe(1)
        found = sorted((k, v) for k, v in frame.f_locals.items() if not callable(v))
        return frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno, found
    return None


def raise_at(at, i):
    if i == at:
        raise ValueError(i)
    return i


def untouched_local(n):
    """`x` is never assigned in the loop: what the callee writes must be seen all the same."""
    write = functools.partial(poke, n - 100, "x")
    x = 1
    s = 0
    for i in range(n):
        write(100, i)
        s += x + (x ^ i) + (x & 3) * 5 + (x | i) - (x << 2)
    return s, x


def frame_object_exists(n):
    """As above, where the frame has had a frame object all along."""
    write = functools.partial(poke, n - 100, "x")
    frame = sys._getframe()
    x = 1
    s = 0
    for i in range(n):
        write(100, i)
        s += x + (x ^ i) + (x & 3) * 5 + (x | i) - (x << 2)
    return s, x, frame.f_locals["s"] == s


def frame_object_comes(n):
    """A handled exception gives the frame its frame object while the loop is hot."""
    write = functools.partial(poke, n - 100, "x")
    x = "one"
    s = 0
    for i in range(n):
        if i == 500:
            try:
                raise_at(i, i)
            except ValueError:
                s += 1
        write(("two", 500)[i & 1], i)
        s += len(x) + (i & 3) * 5 + (len(x) | i) - (i << 2) + (i ^ 3)
    return s, x


def generated(write, n):
    y = 1
    for i in range(n):
        write(i)
        yield i + y
        write(i)


def generator_local(n):
    write = functools.partial(poke, n - 300, "y", 50)
    return sum(generated(write, n)), sum([v * 2 + (v & 3) - (v | 1) for v in generated(write, n)])


def assigned_local(n):
    write = functools.partial(poke, n - 50, "s")
    s = 0
    for i in range(n):
        s += i
        write(-7, i)
        s += i * 3 + (i & 5) - (i | 2) + (i ^ 9)
    return s


def seen(n):
    show = functools.partial(look, n - 3)
    shown = None
    s = 0
    text = "a"
    for i in range(n):
        s += i * 2 + (i & 3)
        got = show(i)
        if got is not None:
            shown = got
        s ^= 1
    return s, shown


def inner_adds(f, i, k):
    a = i + k
    b = f(i)
    return a, b


def seen_inlined(n):
    show = functools.partial(look, n - 3)
    shown = None
    s = 0
    for i in range(n):
        pair = inner_adds(show, i, 3)
        s += pair[0]
        if pair[1] is not None:
            shown = pair[1]
    return s, shown


def inner_two(f, i):
    k = i * 2
    return inner_adds(f, i, k)


def raised_inlined(n):
    fail = functools.partial(raise_at, n - 3)
    s = 0
    try:
        for i in range(n):
            s += inner_two(fail, i)[0]
    except ValueError as error:
        lines = []
        tb = error.__traceback__
        while tb is not None:
            code = tb.tb_frame.f_code
            lines.append((code.co_name, tb.tb_lineno - code.co_firstlineno, sorted(map(str, tb.tb_frame.f_locals))))
            tb = tb.tb_next
        return s, str(error), lines
    return s


def make(k):
    def grown(f, i):
        got = f(i)
        return got + k

    return grown


def other(f, i):
    return -i


def swapped_code(n):
    """The inlined function's code is replaced while it runs; then nobody but its frame holds the old one."""
    grown = make(5)

    def swap(i):
        if i == n - 20:
            grown.__code__ = make(7).__code__.replace(co_name="renamed")
            gc.collect()
        return i

    wrapped = functools.partial(swap)
    s = 0
    for i in range(n):
        s += grown(wrapped, i)
    return s, grown.__code__.co_name


def descend(depth, n):
    """Loops near the ends of data stack chunks: frames of different sizes below."""
    a = b = c = d = e = depth
    if depth:
        return descend(depth - 1, n) + a - b + c - d + e
    f = functools.partial(raise_at, -1)
    s = 0
    for i in range(n):
        s += inner_two(f, i)[1]
    return s


class Shrinking:
    """Its `__add__` drops what the caller's local held."""

    def __init__(self):
        self.log = []

    def __add__(self, other):
        sys._getframe(1).f_locals["keep"] = None
        return other


class Dying:
    def __init__(self, log):
        self.log = log

    def __del__(self):
        self.log.append("died")


def dropped(n):
    thing = Shrinking()
    keep = Dying(thing.log)
    s = 0
    for i in range(n):
        s = (thing + i) + s * 0 + (i & 3) - (i ^ 5) + (i | 8) + (i >> 1)
    return s, keep, thing.log


def many_operands(n):
    s = 0
    make_list = functools.partial(lambda *a, **k: (len(a), sorted(k)))
    for i in range(n):
        a = [i, s, i, s, i, s, i, s, i, s, i, s]
        t = (i, s, (i, s), a)
        d = {i: s, "a": t}
        text = f"{i}{s!r:>4}-{i:x}"
        call = make_list(i, s, a, t, d, text, key=i, other=s)
        s = (s + len(a) + len(t) + len(d) + len(text) + call[0]) & 0xFFFF
    return s, call


def main():
    print(untouched_local(2000))
    print(frame_object_exists(2000))
    print(frame_object_comes(2000))
    print(generator_local(2000))
    print(assigned_local(2000))
    print(seen(2000))
    print(seen_inlined(2000))
    print(raised_inlined(2000))
    print(swapped_code(2000))
    for depth in range(0, 400, 7):
        total = descend(depth, 150)
    print(total)
    print(dropped(2000))
    print(many_operands(2000))


main()
main()
