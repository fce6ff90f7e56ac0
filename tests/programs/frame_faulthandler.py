# What other readers of the frame chain see: faulthandler from a callee, sys._current_frames from a thread.
# exits: vary
# native: yes

import faulthandler
import os
import sys
import tempfile
import threading


def dump():
    with tempfile.TemporaryFile("w+") as out:
        faulthandler.dump_traceback(out, all_threads=False)
        out.seek(0)
        return [
            line.rsplit("/", 1)[-1].strip() for line in out if os.path.basename(__file__) in line
        ]


def leaf(i):
    return dump() if i % 300 == 299 else None


def middle(i):
    y = i * 2
    return leaf(i) if y else None


def loop(n):
    seen = []
    for i in range(n):
        lines = middle(i)
        if lines:
            seen.append(lines)
    return seen


for lines in loop(900):
    print(lines)

stop = False
ready = threading.Event()


def inner(k):
    return k * 0.5


def spinning():
    k = 0
    x = 0.0
    while not stop:
        if k == 3000:
            ready.set()
        x += inner(k & 7)
        k += 1
    return x


def chain_of(ident):
    frame = sys._current_frames()[ident]
    names = []
    while frame:
        names.append(frame.f_code.co_name)
        if frame.f_code is spinning.__code__:
            k, x = frame.f_locals["k"], frame.f_locals["x"]
            consistent = isinstance(k, int) and isinstance(x, float)
        frame = frame.f_back
    return (
        names[names.index("spinning") :],
        set(names[: names.index("spinning")]) <= {"inner", "set", "notify_all"},
        consistent,
    )


t = threading.Thread(target=spinning)
t.start()
ready.wait()
for _ in range(3):
    names, known, consistent = chain_of(t.ident)
    print(names[:2], known, consistent)
stop = True
t.join()
