# A tracer that jumps (f_lineno), traces opcodes, raises; a trace function set from a __del__ and from a thread.
# native: yes

import sys
import threading


def jumper(frame, event, arg):
    if event == "line" and frame.f_lineno == frame.f_code.co_firstlineno + 4:
        frame.f_lineno = frame.f_code.co_firstlineno + 6
        sys.settrace(None)
        return None
    return jumper


def jumps(n):
    s = 0
    for i in range(n):
        arm(i)
        s += 1
        s += 10
        s += 100
    return s


def arm(i):
    if i in (300, 301, 555):
        sys._getframe(1).f_trace = jumper
        sys.settrace(jumper)


print(jumps(700))

opcodes = []


def by_opcode(frame, event, arg):
    frame.f_trace_opcodes = True
    if event == "opcode":
        opcodes.append(frame.f_lineno - frame.f_code.co_firstlineno)
    return by_opcode


def traced_by_opcode(n):
    s = 0
    for i in range(n):
        if i == 400:
            sys._getframe().f_trace = by_opcode
            sys._getframe().f_trace_opcodes = True
            sys.settrace(by_opcode)
        s += i * 2
        if i == 402:
            sys.settrace(None)
    return s


print(traced_by_opcode(600), len(opcodes) > 10, sorted(set(opcodes)))


def raising(frame, event, arg):
    if event == "line":
        raise ArithmeticError("tracer")
    return raising


def interrupted(n):
    s = 0
    try:
        for i in range(n):
            s += i
            if i == 500:
                sys._getframe().f_trace = raising
                sys.settrace(raising)
            s += 1
    except ArithmeticError as error:
        return str(error), i, s, sys.gettrace()


print(interrupted(700))


class Trap:
    def __del__(self):
        sys.settrace(counting)


def counting(frame, event, arg):
    global calls
    calls += event == "call"
    return None


calls = 0


def callee(x):
    return x + 1


def from_del(n):
    s = 0
    for i in range(n):
        t = Trap() if i == 300 else None
        s = callee(s)
        t = None
        if i == 400:
            sys.settrace(None)
    return s


print(from_del(600), calls)


def thread_only(n):
    """threading.settrace concerns new threads; the running loop of this one is untouched."""
    global calls
    calls = 0
    s = 0
    for i in range(n):
        if i == 300:
            threading.settrace(counting)
            t = threading.Thread(target=callee, args=(1,))
            t.start()
            t.join()
            threading.settrace(None)
        s = callee(s)
    return s, calls > 0


print(thread_only(500))
