# That a coroutine or generator returned is no exception in what awaited it, whoever watches.
# native: yes
# references: differ

import sys

mon = sys.monitoring
E = mon.events
log = []


class Items:
    def __init__(self, items):
        self.items = iter(items)

    def __aiter__(self):
        return self

    async def __anext__(self):
        try:
            return next(self.items)
        except StopIteration:
            raise StopAsyncIteration


class Suspends:
    def __await__(self):
        got = yield "suspended"
        return got


class ByHand:
    """An iterator whose StopIteration is an exception of C code or of __next__, and seen as such."""

    def __init__(self):
        self.left = 2

    def __iter__(self):
        return self

    __await__ = __iter__

    def __next__(self):
        self.left -= 1
        if self.left:
            return self.left
        raise StopIteration("by hand")


async def value(x):
    return x


def part(x):
    got = yield x
    return got or "nothing"


def whole():
    a = yield from part(1)
    b = yield from ByHand()
    c = yield from iter((7, 8))
    return a, b, c


def explicit():
    # These are calls: StopIteration is raised in them in plain CPython too.
    g = part(1)
    next(g)
    try:
        g.send("sent")
    except StopIteration as error:
        return error.value


async def asynchronous():
    found = [x async for x in Items("ab")]
    async for x in Items("c"):
        found.append(await value(x))
    found.append(await Suspends())
    found.append(await ByHand())
    try:
        await value(1 // (len(found) - 5))
    except ZeroDivisionError:
        found.append("caught")
    return found


def drive():
    results = []
    coroutine = asynchronous()
    to_send = None
    try:
        while True:
            results.append(coroutine.send(to_send))
            to_send = "sent" if results[-1] == "suspended" else None
    except StopIteration as error:
        results.append(error.value)
    generator = whole()
    try:
        for to_send in [None, "x", None, None, None, None]:
            results.append(generator.send(to_send))
    except StopIteration as error:
        results.append(error.value)
    results.append(explicit())
    return results


def tracer(frame, event, arg):
    if event == "exception":
        arg = (arg[0].__name__, str(arg[1]))
    elif event == "call":
        frame.f_trace_opcodes = opcodes
        arg = ""
    else:
        arg = repr(arg)
    line = (frame.f_lineno or 0) - frame.f_code.co_firstlineno
    log.append((frame.f_code.co_name, line, event, arg))
    return tracer


def show(title):
    print(title, len(log))
    for line in log:
        print("  ", *line)
    log.clear()


def loop(n):
    for i in range(n):
        results = drive()
        if i == n - 3:
            sys.settrace(tracer)
        if i == n - 2:
            sys.settrace(None)
    return results


opcodes = False
print(loop(300))
show("settrace")
opcodes = True
sys.settrace(tracer)
drive()
sys.settrace(None)
print(sum(event == "exception" for _, _, event, _ in log))
log.clear()


class Raise:
    def __call__(self, code, offset, exception):
        log.append((code.co_name, type(exception).__name__, exception))


TOOL = mon.DEBUGGER_ID
mon.use_tool_id(TOOL, "tool")
callback = Raise()
assert mon.register_callback(TOOL, E.RAISE, callback) is None
mon.set_events(TOOL, E.RAISE)
drive()
mon.set_events(TOOL, E.RAISE | E.INSTRUCTION | E.LINE)
drive()
mon.set_events(TOOL, 0)
assert mon.register_callback(TOOL, E.RAISE, None) is callback
show("monitoring")


# Under both at once, and with a callback that raises.
def fails(code, offset, exception):
    raise LookupError(code.co_name)


mon.register_callback(TOOL, E.RAISE, fails)
mon.set_events(TOOL, E.RAISE)
sys.settrace(tracer)
try:
    drive()
except Exception as error:
    failed = repr(error)
sys.settrace(None)
mon.set_events(TOOL, 0)
mon.register_callback(TOOL, E.RAISE, None)
print(failed)
show("both")
print(loop(300))
