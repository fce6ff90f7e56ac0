# sys.monitoring switched on by a callee mid-loop: lines, branches, jumps, calls, returns, local events, DISABLE.
# native: yes
# references: differ

import sys

mon = sys.monitoring
TOOL = mon.DEBUGGER_ID
E = mon.events
log = []


def relative(code, line):
    return code.co_name, line - code.co_firstlineno


def on_line(code, line):
    log.append(("line", *relative(code, line)))


def on_start(code, offset):
    log.append(("start", code.co_name))


def on_return(code, offset, value):
    log.append(("return", code.co_name, value))


def on_call(code, offset, function, arg0):
    if function is not switch:
        log.append(("call", code.co_name, getattr(function, "__name__", "?")))


def on_jump(code, offset, target):
    log.append(("jump", code.co_name, target < offset))


def on_line_once(code, line):
    log.append(("line once", *relative(code, line)))
    return mon.DISABLE


def switch(events, code=None):
    if code is None:
        mon.set_events(TOOL, events)
    else:
        mon.set_local_events(TOOL, code, events)


def helper(i):
    if i & 1:
        return i * 2
    return -i


def loop(n, on, off, events, code=None):
    s = 0
    for i in range(n):
        if i == on:
            switch(events, code)
        s += helper(i)
        s += abs(i)
        if i == off:
            switch(0, code)
    return s


def report(label, result):
    print(label, result, len(log))
    for entry in log[:24]:
        print("   ", *entry)
    log.clear()


mon.use_tool_id(TOOL, "differential")
mon.register_callback(TOOL, E.LINE, on_line)
mon.register_callback(TOOL, E.PY_START, on_start)
mon.register_callback(TOOL, E.PY_RETURN, on_return)
mon.register_callback(TOOL, E.CALL, on_call)
mon.register_callback(TOOL, E.JUMP, on_jump)
report("lines", loop(700, 500, 501, E.LINE))
report("starts and returns", loop(700, 300, 301, E.PY_START | E.PY_RETURN))
report("calls", loop(700, 300, 301, E.CALL))
report("jumps", loop(700, 300, 302, E.JUMP))
report("helper's lines", loop(700, 400, 402, E.LINE, helper.__code__))
report("loop's lines", loop(700, 400, 401, E.LINE, loop.__code__))
mon.register_callback(TOOL, E.LINE, on_line_once)
report("disabled after one", loop(700, 400, 600, E.LINE))
mon.restart_events()
report("restarted", loop(700, 400, 600, E.LINE))


def raises(code, offset):
    raise PermissionError("no starts")


mon.register_callback(TOOL, E.PY_START, raises)


def callback_raises(n):
    s = 0
    errors = []
    for i in range(n):
        if i == 350:
            mon.set_local_events(TOOL, helper.__code__, E.PY_START)
        if i == 353:
            mon.set_local_events(TOOL, helper.__code__, 0)
        try:
            s += helper(i)
        except PermissionError as error:
            errors.append(i)
    return s, errors


print(callback_raises(600))
mon.free_tool_id(TOOL)
