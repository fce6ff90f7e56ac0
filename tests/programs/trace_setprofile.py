# sys.setprofile switched on mid-loop: call, return, c_call, c_return and c_exception events of what follows.
# native: stressed
# references: differ

import sys

events = []


def profiler(frame, event, arg):
    if frame.f_code.co_filename != __file__:
        return
    name = arg.__name__ if event.startswith("c_") else frame.f_code.co_name
    events.append((event, name, frame.f_lineno - frame.f_code.co_firstlineno))


def switch(on):
    sys.setprofile(profiler if on else None)


class K:
    def method(self, x):
        return abs(x)


def helper(x):
    return len([x]) + K().method(-x)


def gen(n):
    for i in range(n):
        yield i


def loop(n, on, off):
    s = 0
    data = [3, 1, 2]
    for i in range(n):
        if i == on:
            switch(True)
        s += helper(i)
        data.append(i)
        s += max(data)
        data.pop()
        if i == off:
            switch(False)
    return s


def with_generator(n):
    s = 0
    for x in gen(n):
        if x == n - 4:
            switch(True)
        s += x
    switch(False)
    return s


def with_errors(n):
    bad = 0
    for i in range(n):
        if i == n - 2:
            switch(True)
        try:
            int("12" if i % 2 else "xx")
        except ValueError:
            bad += 1
    switch(False)
    return bad


def report(result):
    print(result, len(events))
    for e in events[:30]:
        print("   ", *e)
    events.clear()


report(loop(700, 500, 501))
report(loop(400, 0, 0))
report(with_generator(600))
report(with_errors(500))


def profiler_raises(frame, event, arg):
    if event == "call":
        sys.setprofile(None)
        raise OverflowError("profiler")


def interrupted(n):
    s = 0
    try:
        for i in range(n):
            if i == 300:
                sys.setprofile(profiler_raises)
            s += helper(i)
    except OverflowError as error:
        return str(error), i, s


print(interrupted(500))
