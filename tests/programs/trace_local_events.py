# native: yes
"""Local events of sys.monitoring set on code that is running: in callers, generators, handlers."""

import sys

mon = sys.monitoring
TOOL = mon.PROFILER_ID
E = mon.events
log = []


def note(kind):
    def callback(code, *rest):
        line = rest[0] - code.co_firstlineno if kind == "line" else None
        value = rest[-1] if kind in ("return", "yield") else None
        log.append((kind, code.co_name, line, value))

    return callback


mon.use_tool_id(TOOL, "local")
mon.register_callback(TOOL, E.LINE, note("line"))
mon.register_callback(TOOL, E.PY_START, note("start"))
mon.register_callback(TOOL, E.PY_RETURN, note("return"))
mon.register_callback(TOOL, E.PY_YIELD, note("yield"))


def switch(function, events):
    mon.set_local_events(TOOL, function.__code__, events)


def callee(i, at, events):
    if i == at:
        switch(caller, events)
    return i


def caller(n, at, events):
    s = 0
    for i in range(n):
        s += callee(i, at, events)
        if i == at + 2:
            switch(caller, 0)
    return s


def middle(i, at):
    r = bottom(i, at)
    r += 1
    return r


def bottom(i, at):
    if i == at:
        switch(middle, E.LINE | E.PY_RETURN)
    elif i == at + 2:
        switch(middle, 0)
    return i * 2


def top(n, at):
    s = 0
    for i in range(n):
        s += middle(i, at)
    return s


def numbers(n, at):
    for i in range(n):
        if i == at:
            switch(numbers, E.LINE | E.PY_YIELD)
        yield i
        if i == at + 1:
            switch(numbers, 0)


def handler(n, at):
    s = 0
    for i in range(n):
        try:
            if i % 10 == 9:
                raise ValueError(i)
            s += i
        except ValueError as error:
            if i == at:
                switch(handler, E.LINE)
            s -= error.args[0]
        else:
            if i == at + 3:
                switch(handler, 0)
    return s


def report(label, result):
    print(label, result, len(log))
    for entry in log:
        print("   ", *entry)
    log.clear()


for round in range(2):
    report("caller", caller(700, 500, E.LINE))
    report("callers' start", caller(700, 500, E.PY_START | E.PY_RETURN))
    report("middle", top(700, 400))
    report("generator", sum(numbers(700, 450)))
    report("handler", handler(700, 409))
try:
    mon.set_local_events(TOOL, 3, 1)
except TypeError as error:
    print(error)
try:
    mon.set_local_events(TOOL)
except TypeError as error:
    print(error)
print(mon.set_local_events.__name__, mon.set_local_events.__doc__, type(mon.set_local_events))
mon.free_tool_id(TOOL)
