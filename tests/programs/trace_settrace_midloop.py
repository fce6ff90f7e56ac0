# sys.settrace switched on and off by a callee in the middle of a hot loop; events with line numbers.
# native: yes

import sys

events = []
FIRST = 0


def tracer(frame, event, arg):
    code = frame.f_code
    if code.co_filename != __file__ or code is stop.__code__:
        return None
    shown = arg if isinstance(arg, (int, float, type(None))) else type(arg).__name__
    if event == "exception":
        shown = arg[0].__name__
    events.append((code.co_name, event, frame.f_lineno - code.co_firstlineno, shown))
    return tracer


def start(frames_too):
    sys.settrace(tracer)
    if frames_too:
        frame = sys._getframe(1)
        while frame.f_code.co_name != "<module>":
            frame.f_trace = tracer
            frame = frame.f_back


def stop():
    sys.settrace(None)


def helper(i, s):
    if i % 2:
        return s + i
    return s - 0.5


def loop(n, on, off, frames_too):
    s = 0
    for i in range(n):
        if i == on:
            start(frames_too)
        s = helper(i, s)
        if i == off:
            stop()
    return s


def failing(n):
    s = 0
    for i in range(n):
        try:
            s += 10 // (n - 3 - i)
        except ZeroDivisionError:
            s += 1000
        if i == n - 6:
            start(True)
    stop()
    return s


def report(label, result):
    print(label, result, len(events))
    for e in events[:40]:
        print("   ", *e)
    events.clear()


report("calls only", loop(900, 600, 602, False))
report("frames too", loop(900, 600, 602, True))
report("first turn", loop(600, 0, 1, True))
report("again", loop(600, 500, 501, True))
report("failing", failing(700))


def changes_locals(frame, event, arg):
    """The tracer writes the loop's variables."""
    if event == "line" and frame.f_locals.get("i") == 450:
        frame.f_locals["s"] = 10**6
        frame.f_locals["i"] = 7.5
        sys.settrace(None)
        return None
    return changes_locals


def changed(n):
    s = 0
    seen = None
    for i in range(n):
        if i == 449:
            sys._getframe().f_trace = changes_locals
            sys.settrace(changes_locals)
        s += 1
        if i == 7.5:
            seen = s
    return s, seen


print(changed(800))
