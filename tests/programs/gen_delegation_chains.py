# native: no
"""Chains of generators and coroutines that delegate: resumed and left whole, and looked at, broken and traced within."""

import sys
import types


class Tree:
    def __init__(self, depth, label=1):
        self.label = label
        self.left = Tree(depth - 1, label * 2) if depth else None
        self.right = Tree(depth - 1, label * 2 + 1) if depth else None

    def __iter__(self):
        if self.left:
            yield from self.left
        yield self.label
        if self.right:
            yield from self.right


print(sum(Tree(7)), list(Tree(3)))


def chain(depth, body):
    if depth == 0:
        return (yield from body())
    try:
        return (yield from chain(depth - 1, body)) + 1
    finally:
        log.append(("finally", depth))


log = []


def stacks():
    found = []
    for i in range(30):
        sent = yield i
        frame, names = sys._getframe(), []
        while frame is not None and frame.f_code.co_name in ("stacks", "chain", "drive"):
            names.append((frame.f_code.co_name[0], frame.f_lineno - frame.f_code.co_firstlineno, frame.f_lasti > 0))
            frame = frame.f_back
        found.append((sent, len(names), names[-1], names[1], len({id(n) for n in names})))
    return len(found) * 1000 + len(set(found))


def drive(generator, values):
    got = [next(generator)]
    try:
        for value in values:
            got.append(generator.send(value))
    except StopIteration as e:
        got.append(("returned", e.value))
    return got


for depth in (1, 4, 12):
    print(drive(chain(depth, stacks), [i % 3 for i in range(30)])[-2:], len(log))


def throwing():
    for i in range(40):
        try:
            yield i
        except ValueError as e:
            yield ("caught", str(e))
    return 0


def thrown(depth):
    g = chain(depth, throwing)
    got = [next(g)]
    for i in range(20):
        got.append(next(g))
        if i % 5 == 2:
            got.append(g.throw(ValueError(i)))
    try:
        g.throw(KeyError("out"))
    except KeyError as e:
        tb, lines = e.__traceback__, []
        while tb is not None:
            lines.append(tb.tb_lineno - tb.tb_frame.f_code.co_firstlineno)
            tb = tb.tb_next
        got.append(lines)
    return got


print(thrown(3), len(log))


def closing(depth):
    g = chain(depth, throwing)
    for _ in range(30):
        next(g)
    before = len(log)
    g.close()
    return len(log) - before, g.gi_frame, g.gi_yieldfrom


print(closing(6))


def states(depth):
    """What the links of a suspended chain show."""
    g = chain(depth, throwing)
    for _ in range(30):
        next(g)
    seen, outermost = [], g
    while isinstance(g, types.GeneratorType):
        seen.append((g.gi_running, g.gi_suspended, g.gi_frame.f_back, g.gi_frame.f_lineno - g.gi_code.co_firstlineno))
        g = g.gi_yieldfrom
    outermost.close()
    return seen


print(states(5))


def reentered():
    """A link that is running already."""
    outer = None

    def body():
        for i in range(30):
            if i == 25:
                try:
                    next(outer)
                except ValueError as e:
                    log.append(str(e))
            yield i
        return 0

    outer = chain(4, body)
    got = list(outer)
    return got[-1], log.pop(-5)


print(reentered())


class Other:
    """An iterator in the middle of a chain."""

    def __init__(self, g):
        self.g = g

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.g)


def mixed(depth):
    if depth == 0:
        yield from range(40)
        return 0
    yield from Other(mixed(depth - 1)) if depth % 3 == 0 else mixed(depth - 1)


print(sum(mixed(10)))


@types.coroutine
def step(value):
    return (yield value)


async def awaiting(depth):
    if depth == 0:
        total = 0
        for i in range(40):
            total += await step(i)
        return total
    return await awaiting(depth - 1)


def run(coroutine):
    got, value = [], None
    while True:
        try:
            value = coroutine.send(value)
        except StopIteration as e:
            return len(got), sum(got), e.value
        got.append(value)


print(run(awaiting(0)), run(awaiting(9)))


def handled():
    """What is being handled is each generator's own."""

    def inner():
        for i in range(30):
            try:
                raise KeyError(i)
            except KeyError:
                yield type(sys.exception()).__name__
        yield type(sys.exception()).__name__
        return 0

    def outer():
        try:
            raise ValueError
        except ValueError:
            yield from chain(2, inner)
            yield type(sys.exception()).__name__

    return [(name, sys.exception()) for name in outer()][-3:]


print(handled())


def deep():
    """The limit is met within a chain."""

    def down(n):
        if n:
            yield from down(n - 1)
        else:
            for i in range(25):
                yield i

    found = []
    for n in (100, 100_000):
        try:
            found.append(sum(down(n)))
        except RecursionError as e:
            found.append(str(e))
    g = down(60)
    for _ in range(20):
        next(g)
    limit = sys.getrecursionlimit()
    depth = len(__import__("traceback").extract_stack())
    sys.setrecursionlimit(depth + 30)
    try:
        found.append(next(g))
    except RecursionError as e:
        found.append(str(e))
    finally:
        sys.setrecursionlimit(limit)
    found.append(next(g, "exhausted"))
    return found


print(deep())


def watched(depth):
    """Every line of every link, from the middle on."""
    lines = []

    def tracer(frame, event, arg):
        if frame.f_code.co_name in ("chain", "body"):
            lines.append((event, frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno))
        return tracer

    def body():
        for i in range(30):
            if i == 20:
                sys.settrace(tracer)
                frame = sys._getframe()
                while frame.f_code.co_name in ("chain", "body"):
                    frame.f_trace = tracer
                    frame = frame.f_back
            if i == 24:
                sys.settrace(None)
            yield i
        return 0

    total = sum(chain(depth, body))
    return total, len(lines), lines[:12], lines[-3:]


print(watched(3))


def monitored(depth):
    """Events of resuming and yielding, switched on and off between two items."""
    m = sys.monitoring
    seen = []
    m.use_tool_id(3, "test")
    m.register_callback(3, m.events.PY_RESUME, lambda code, offset: seen.append(("resume", code.co_name)))
    m.register_callback(3, m.events.PY_YIELD, lambda code, offset, value: seen.append(("yield", code.co_name, value)))
    g = chain(depth, throwing)
    for i in range(30):
        if i == 20:
            m.set_events(3, m.events.PY_RESUME | m.events.PY_YIELD)
        if i == 23:
            m.set_local_events(3, chain.__code__, m.events.PY_RESUME)
            m.set_events(3, 0)
        if i == 25:
            m.set_local_events(3, chain.__code__, 0)
        next(g)
    m.free_tool_id(3)
    g.close()
    return seen


print(monitored(2))
