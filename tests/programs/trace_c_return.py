# C_RETURN and C_RAISE are told of C functions alone; callbacks stay the tool's own objects.
# native: yes
# references: differ

import sys
import weakref

mon = sys.monitoring
E = mon.events
FIRST, SECOND = mon.DEBUGGER_ID, mon.PROFILER_ID
log = []


class Callback:
    def __init__(self, name):
        self.name = name

    def __call__(self, code, offset, function, arg0):
        what = getattr(function, "__name__", "?")
        log.append((self.name, code.co_name, what, type(arg0).__name__))


def plain(x):
    return x + 1


def failing(x, *, y=0):
    raise KeyError(x)


def generator(n):
    yield from range(n)


class Thing:
    def __init__(self, x):
        self.x = x

    def method(self):
        return self.x

    @classmethod
    def make(cls, x):
        return cls(x)

    def __call__(self, x):
        return plain(x)


def calls(i):
    total = plain(i) + len("abc") + Thing(i).method() + Thing.make(i).x + Thing(i)(i)
    total += sum(generator(3)) + max([3, 1, 2], key=lambda x: -x) + (lambda a, b=2: a + b)(i)
    total += plain(x=i) + int("7", base=10) + plain(*(i,)) + abs(*(-i,)) + plain(**{"x": i})
    for function in (failing, int):
        try:
            function("no")
        except (KeyError, ValueError) as error:
            total += len(type(error).__name__)
        try:
            function("no", y=1)
        except (KeyError, TypeError) as error:
            total += len(type(error).__name__)
    total += len(sorted([3, 1], key=plain)) + len(list(map(plain, (1, 2))))
    return total


def show(title):
    print(title, len(log))
    for line in log:
        print("  ", *line)
    log.clear()


def watch(tool, events, name):
    mon.use_tool_id(tool, name)
    callbacks = {event: Callback(f"{name} {label}") for event, label in events.items()}
    for event, callback in callbacks.items():
        assert mon.register_callback(tool, event, callback) is None
    return callbacks


NAMES = {E.CALL: "call", E.C_RETURN: "c_return", E.C_RAISE: "c_raise"}


def driver(n):
    total = 0
    for i in range(n):
        total += calls(i)
        if i == n - 3:
            mon.set_events(FIRST, E.CALL | E.C_RETURN | E.C_RAISE)
        elif i == n - 2:
            mon.set_events(FIRST, 0)
            mon.set_local_events(SECOND, calls.__code__, E.CALL)
    mon.set_local_events(SECOND, calls.__code__, 0)
    return total


def compiled(n):
    total = 0
    for i in range(n):
        if i == n - 3:
            mon.set_events(FIRST, E.CALL | E.C_RETURN | E.C_RAISE)
        total += plain(i) + len(str(i))
    mon.set_events(FIRST, 0)
    return total


first, second = watch(FIRST, NAMES, "first"), watch(SECOND, NAMES, "second")
print(driver(400))
show("mid-loop")
print(compiled(600), compiled(700))
show("mid-loop of machine code")
print(driver(3))
show("again")

# A tool gets back what it registered, and nothing else holds it.
replacement = Callback("replacement")
for event in NAMES:
    assert mon.register_callback(FIRST, event, replacement) is first[event]
    assert mon.register_callback(FIRST, event, replacement) is replacement
    assert mon.register_callback(FIRST, event, None) is replacement
    assert mon.register_callback(FIRST, event, first[event]) is None
print(sys.getrefcount(replacement) < 4)
ref = weakref.ref(replacement)
del replacement
print(ref())
refs = [weakref.ref(callback) for callback in first.values()]
first.clear()
print([ref() is None for ref in refs])
mon.free_tool_id(FIRST)
mon.clear_tool_id(SECOND)
print([ref() is None for ref in refs])
mon.use_tool_id(FIRST, "first")
log.clear()


# C_RETURN cannot be disabled by itself; an exception of a callback goes to the caller.
def disables(code, offset, function, arg0):
    log.append(("disables", function.__name__))
    return mon.DISABLE


def raises(code, offset, function, arg0):
    raise ArithmeticError(function.__name__)


def section(callback):
    mon.register_callback(FIRST, E.C_RETURN, callback)
    mon.set_local_events(FIRST, probe.__code__, E.CALL)
    try:
        for i in range(3):
            probe(i)
    except Exception as error:
        print(type(error).__name__, error)
    finally:
        mon.set_local_events(FIRST, probe.__code__, 0)


def probe(i):
    plain(i)
    len("abc")
    return plain(i)


def notes(code, offset, function, arg0):
    log.append(("notes", function.__name__))


for callback in (disables, raises, None, notes):
    section(callback)
print(mon.register_callback(FIRST, E.C_RETURN, None).__name__)
for bad in ((), (FIRST,), (9, E.C_RETURN, plain), (FIRST, 3, plain), (FIRST, "x", plain)):
    try:
        mon.register_callback(*bad)
    except (TypeError, ValueError) as error:
        print(type(error).__name__, error)
show("end")
