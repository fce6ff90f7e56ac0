# native: no
# references: differ
# How generators are resumed, behind each kind of `yield`: what is sent and dies at once, tools that are switched on and off
# while they are suspended, loops whose iterators are generators only at times, and what their frames say meanwhile.
import sys
import traceback


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name, "in", sys._getframe(1).f_code.co_name, sys._getframe(1).f_lineno)


def statements(n):
    for i in range(n):
        yield i
    yield "last"


def kept(n):
    got = None
    for i in range(n):
        got = yield (i, type(got).__name__)
    return got


def sent():
    g = statements(6)
    print(next(g))
    print(g.send(Noisy("sent")))
    print(g.send(None))
    shared = Noisy("shared")
    print(g.send(shared), sys.getrefcount(shared) - 1)
    print(g.send(True), g.send(()), g.send(10**20))
    g = kept(4)
    print(next(g), g.send(Noisy("kept")), g.send(None), g.send(Noisy("late")))
    try:
        g.send(Noisy("at the end"))
    except StopIteration as stop:
        print("returned", stop.value.name)


def frames():
    g = statements(3)
    seen = []
    for item in g:
        frame = g.gi_frame
        seen.append((item, frame.f_lineno, frame.f_lasti, g.gi_running, g.gi_suspended, frame.f_back, dict(frame.f_locals)))
    print(*seen, sep="\n")
    print(g.gi_frame, g.gi_running, g.gi_suspended)


def from_within():
    def inner():
        for i in range(3):
            frame = sys._getframe(1)
            yield i, frame.f_code.co_name, frame.f_lineno, box[0].gi_running
            print("resumed by", sys._getframe(1).f_lineno)

    box = [None]
    box[0] = inner()
    for item in box[0]:
        print(item)
    box[0] = inner()
    print(list(box[0]))


def fails(n):
    for i in range(n):
        yield 10 // (n - 2 - i)


def tracebacks():
    for n in (3, 5):
        try:
            for item in fails(n):
                print(item, end=" ")
        except ZeroDivisionError:
            print()
            traceback.print_exc(file=sys.stdout)


class Count:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        if not self.n:
            raise StopIteration
        self.n -= 1
        return self.n


def kinds():
    """One loop, iterators of all kinds in turn."""
    total = 0
    for rounds in range(30):
        for iterable in (
            statements(3), [1, 2], statements(2), (3, 4), Count(3), statements(1), range(3), statements(4), {5: 6}, "ab",
            statements(2), enumerate("x"), statements(2), map(str, [7]), (x for x in statements(2)), Count(2), statements(0),
        ):
            for item in iterable:
                total = (total * 31 + len(repr(item)) + sys._getframe().f_lineno) % 1_000_003
    print(total)
    try:
        for iterable in (statements(1), [8], statements(1), 5):
            for item in iterable:
                print(item)
    except TypeError as error:
        print(error)


def traced():
    events = []

    def tracer(frame, event, arg):
        if frame.f_code is statements.__code__ or frame.f_code is kept.__code__:
            events.append((frame.f_code.co_name, event, frame.f_lineno, arg))
        return tracer

    for make in (statements, kept):
        for i, item in enumerate(make(12)):
            if i == 3:
                sys.settrace(tracer)
            elif i == 6:
                sys.settrace(None)
            elif i == 9:
                sys.settrace(tracer)
        sys.settrace(None)
    for event in events:
        print(*event)


def monitored():
    monitoring = sys.monitoring
    tool = 3
    lines = []
    monitoring.use_tool_id(tool, "gen_resumption")
    monitoring.register_callback(tool, monitoring.events.LINE, lambda code, line: lines.append(line))
    monitoring.register_callback(tool, monitoring.events.PY_RESUME, lambda code, offset: lines.append(("resume", offset)))
    monitoring.register_callback(tool, monitoring.events.PY_YIELD, lambda code, offset, value: lines.append(value))
    wanted = monitoring.events.LINE | monitoring.events.PY_RESUME | monitoring.events.PY_YIELD
    for i, item in enumerate(statements(9)):
        if i in (2, 6):
            monitoring.set_local_events(tool, statements.__code__, wanted)
        elif i in (4, 8):
            monitoring.set_local_events(tool, statements.__code__, 0)
    monitoring.set_local_events(tool, statements.__code__, 0)
    monitoring.free_tool_id(tool)
    print(lines)


def changed_meanwhile():
    """The frame's variables are written while it is suspended."""
    g = statements(10)
    got = []
    for item in g:
        got.append(item)
        if item == 4:
            g.gi_frame.f_locals["n"] = 0
            g.gi_frame.f_locals["i"] = Noisy("local")
    print(got)


def deep(n):
    if n:
        for item in deep(n - 1):
            yield item + 1
    else:
        for i in range(3):
            yield i


def recursion():
    print(list(deep(50)))
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(150)
    try:
        print(sum(deep(400)))
    except RecursionError as error:
        print(type(error), error)
    finally:
        sys.setrecursionlimit(limit)


def closing():
    def guarded():
        try:
            for i in range(100):
                yield i
        finally:
            print("closed at", i)

    for item in guarded():
        if item == 7:
            break
    g = guarded()
    for item in g:
        if item == 5:
            try:
                g.throw(KeyError("thrown"))
            except KeyError as error:
                print("out", error)
    print("end")


for _ in range(3):
    sent()
    frames()
    from_within()
    tracebacks()
    kinds()
    closing()
    changed_meanwhile()
traced()
monitored()
recursion()
traced()
