# sys._getframe and f_back chains from inlined callees: names, lines, f_locals, f_lasti order, kept frames.
# native: yes

import sys


def chain():
    out = []
    frame = sys._getframe(1)
    while frame.f_code.co_name != "<module>":
        out.append((frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno))
        frame = frame.f_back
    return out


def inner(i):
    if i % 250 == 249:
        return chain()
    return None


def outer(i):
    x = i * 0.5
    result = inner(i)
    return result


def loop(n):
    seen = []
    for i in range(n):
        r = outer(i)
        if r:
            seen.append((i, r))
    return seen


for row in loop(1000):
    print(row)


def peek(depth, name):
    return sys._getframe(depth).f_locals[name]


def reads(n):
    s = 0
    x = 0.25
    wrong = 0
    for i in range(n):
        x += 0.5
        s += i
        if i % 10 == 0 and (peek(1, "i"), peek(1, "s")) != (i, s):
            wrong += 1
        if i % 11 == 0 and peek(1, "x") != x:
            wrong += 1
    return s, x, wrong


print(reads(900))


def keep():
    return sys._getframe(1)


def kept_frames(n):
    """A frame object outlives its inlined call and keeps its last locals."""

    def callee(i):
        y = i * 3
        f = keep() if i % 200 == 0 else None
        y += 1
        return f

    frames = []
    for i in range(n):
        f = callee(i)
        if f:
            frames.append(f)
    return [(f.f_locals["i"], f.f_locals["y"], f.f_back is None, f.f_code.co_name) for f in frames]


print(kept_frames(700))


def same_frame_each_time(n):
    first = sys._getframe()
    same = 0
    for i in range(n):
        same += keep() is first
    return same, first.f_locals["same"]


print(same_frame_each_time(500))


def caller_name():
    return sys._getframe(1).f_code.co_name


def a():
    return caller_name()


def b():
    return a() + caller_name()


def names(n):
    out = set()
    for i in range(n):
        out.add(b() if i % 2 else a() * 2)
        out.add([caller_name() for _ in range(1)][0])
        out.add((lambda: caller_name())())
    return sorted(out)


print(names(400))
f_globals = sys._getframe().f_globals is globals()
print(f_globals, sys._getframe().f_builtins is vars(__import__("builtins")))
