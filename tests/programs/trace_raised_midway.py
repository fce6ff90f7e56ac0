# native: stressed
# references: differ
"""A tool is switched on by what then raises: the frames below are told of as they are left, or go on in a handler."""
import sys

log = []


def profiler(frame, event, argument):
    log.append((event, frame.f_code.co_name))


def tracer(frame, event, argument):
    log.append((event, frame.f_code.co_name, frame.f_lineno))
    return tracer


monitoring = sys.monitoring
EVENTS = monitoring.events
TOOL = 3


def watch():
    monitoring.use_tool_id(TOOL, "tool")
    for name in "PY_UNWIND", "EXCEPTION_HANDLED", "RAISE", "RERAISE":
        event = getattr(EVENTS, name)
        monitoring.register_callback(TOOL, event, lambda code, offset, e, name=name: note(name, code, e))
    monitoring.set_events(TOOL, EVENTS.PY_UNWIND | EVENTS.EXCEPTION_HANDLED | EVENTS.RAISE | EVENTS.RERAISE)


def note(name, code, error):
    log.append((name, code.co_name, type(error).__name__))


def off():
    sys.setprofile(None)
    sys.settrace(None)
    if monitoring.get_tool(TOOL):
        monitoring.free_tool_id(TOOL)


SWITCHES = {
    "profile": lambda: sys.setprofile(profiler),
    "trace": lambda: sys.settrace(tracer),
    "monitor": watch,
}


async def coroutine(switch):
    switch()


def generator(switch):
    switch()
    yield 1
    raise KeyError("generator")


def from_c(switch):
    coroutine(switch).send(None)


def caught(switch):
    try:
        coroutine(switch).send(None)
    except StopIteration:
        pass
    return len([])


def cleaned(switch):
    try:
        min([1], key=lambda x: (switch(), 1 / 0))
    finally:
        log.append("finally")


def nested(switch):
    try:
        cleaned(switch)
    except ZeroDivisionError as error:
        return str(error)


def iterates(switch):
    try:
        for x in generator(switch):
            log.append(x)
    except KeyError:
        return "key"


def attribute(switch):
    class Odd:
        def __getattr__(self, name):
            switch()
            raise AttributeError(name)

    return getattr(Odd(), "x", None), Odd().y


def loop(function, switch):
    """Hot before the tool is there."""
    result = None
    for i in range(60):
        try:
            result = function(switch if i == 59 else int)
        except Exception as error:
            result = type(error).__name__
    return result


for name, switch in SWITCHES.items():
    for function in from_c, caught, cleaned, nested, iterates, attribute:
        try:
            result = loop(function, switch)
        finally:
            off()
        seen = [entry for entry in log if entry != "finally" and entry != 1]
        # What runs after the tool is there is not ours to order: calls of off() and the like.
        print(name, function.__name__, result, [e for e in seen if e[1] not in ("off", "<module>", "note", "<lambda>")])
        log.clear()


def failing(code, offset, error):
    if code.co_name == "victim":
        raise ValueError("callback")


def victim(how):
    try:
        [].pop() if how else {}["x"]
    except LookupError as error:
        return type(error).__name__


def callbacks_fail():
    monitoring.use_tool_id(TOOL, "tool")
    monitoring.register_callback(TOOL, EVENTS.EXCEPTION_HANDLED, failing)
    results = []
    for i in range(80):
        if i == 40:
            monitoring.set_events(TOOL, EVENTS.EXCEPTION_HANDLED)
        if i == 60:
            monitoring.set_events(TOOL, 0)
        try:
            results.append(victim(i & 1))
        except ValueError as error:
            results.append(str(error))
    monitoring.free_tool_id(TOOL)
    return sorted(set(results)), results.index("callback")


print(callbacks_fail())
