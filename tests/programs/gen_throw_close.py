# throw() and close() on generators inside hot loops; finally in generators; StopIteration turned RuntimeError.
# native: yes

import sys
import traceback

log = []


def worker(name):
    received = 0
    try:
        while True:
            try:
                x = yield received
                received += x or 0
            except ValueError as error:
                received -= error.args[0]
                log.append((name, "value error", received))
    except GeneratorExit:
        log.append((name, "exit", received))
        raise
    finally:
        log.append((name, "finally"))


def driving(n):
    s = 0
    g = worker("driven")
    next(g)
    for i in range(n):
        if i % 100 == 99:
            s += g.throw(ValueError(i))
        else:
            s += g.send(1)
    g.close()
    g.close()
    return s


def closing(n):
    for i in range(n):
        g = worker(i)
        next(g)
        g.send(i)
        if i % 2:
            g.close()
            log.append("closed")
        else:
            del g
            log.append("deleted")


def uncaught(n):
    """The thrown exception comes back out; the generator is finished afterwards."""
    out = 0
    for i in range(n):
        g = worker("u")
        next(g)
        try:
            g.throw(KeyError(i))
        except KeyError as error:
            out += error.args[0]
        try:
            next(g)
        except StopIteration:
            out += 1
    return out


def never_started(n):
    errors = 0
    for i in range(n):
        g = worker("never")
        try:
            g.throw(OSError(i))
        except OSError:
            errors += 1
        h = worker("never")
        h.close()
    return errors


def ignores_exit():
    try:
        yield 1
    except GeneratorExit:
        yield 2


def leaks_stop():
    yield 1
    raise StopIteration("leaked")


def broken(n):
    messages = {}
    for i in range(n):
        try:
            if i % 2:
                g = ignores_exit()
                next(g)
                g.close()
            else:
                for _ in leaks_stop():
                    pass
        except RuntimeError as error:
            key = str(error), repr(error.__cause__)
            messages[key] = messages.get(key, 0) + 1
    return sorted(messages.items())


def through_yield_from(n):
    def outer(name):
        try:
            yield from worker(name)
        except LookupError as error:
            yield str(error)

    out = []
    for i in range(n):
        g = outer("inner")
        next(g)
        g.throw(ValueError(i))
        out.append(g.throw(LookupError("key")))
        g.close()
    return len(out), out[-1]


def reentered():
    def g():
        next(me)
        yield

    me = g()
    try:
        next(me)
    except ValueError as error:
        traceback.print_exc(file=sys.stdout)


for f in (driving, closing, uncaught, never_started, broken, through_yield_from):
    print(f.__name__, f(400), len(log), log[:4], log[-4:])
    log.clear()
for _ in range(2):
    reentered()
