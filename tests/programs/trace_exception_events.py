# A tool that listens to exceptions only, which CPython instruments no code for.
# native: no

import sys

monitoring = sys.monitoring
TOOL = 3
NAMES = ["RAISE", "RERAISE", "EXCEPTION_HANDLED", "PY_UNWIND", "PY_THROW"]
log = []


def listener(name):
    def listen(code, offset, exception):
        if code.co_filename == __file__:
            log.append((name, code.co_name, repr(exception)))

    return listen


monitoring.use_tool_id(TOOL, "exceptions")
for name in NAMES:
    monitoring.register_callback(TOOL, getattr(monitoring.events, name), listener(name))


def fails(x):
    if x:
        raise ValueError(x)


def catches(n):
    for i in range(n):
        try:
            fails(i % 3)
        except ValueError:
            pass


def reraises(n):
    for i in range(n):
        try:
            try:
                fails(1)
            finally:
                i += 1
        except ValueError:
            continue


def generates():
    try:
        yield 1
    except KeyError:
        yield 2
    finally:
        log.append("finally")


def throws():
    g = generates()
    next(g)
    log.append(g.throw(KeyError(1)))
    try:
        g.throw(IndexError(2))
    except IndexError as e:
        log.append(repr(e))
    g = generates()
    try:
        g.throw(OSError(3))
    except OSError as e:
        log.append(repr(e))
    g = generates()
    next(g)
    g.close()


def switches(n):
    for i in range(n):
        if i == 5:
            monitoring.set_events(TOOL, monitoring.events.RAISE | monitoring.events.PY_UNWIND)
        if i == 9:
            monitoring.set_events(TOOL, 0)
        catches(2)


def everything(n):
    catches(n)
    reraises(n)
    throws()


every = 0
for name in NAMES:
    every |= getattr(monitoring.events, name)
everything(300)
print(log)
for events in (every, monitoring.events.RAISE, monitoring.events.PY_UNWIND, monitoring.events.PY_THROW, 0):
    log.clear()
    monitoring.set_events(TOOL, events)
    everything(7)
    monitoring.set_events(TOOL, 0)
    print(log)
log.clear()
switches(12)
print(log)
everything(300)
print(len(log))
