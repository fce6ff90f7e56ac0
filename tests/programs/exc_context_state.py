# sys.exception() and sys.exc_info() inside callees of handlers, in finally, in generators, after the handler.
# native: stressed

import sys


def current():
    e = sys.exception()
    return None if e is None else type(e).__name__


def in_loop(n):
    seen = {}

    def note(label):
        key = label, current()
        seen[key] = seen.get(key, 0) + 1

    for i in range(n):
        note("before")
        try:
            if i % 2:
                raise ValueError(i)
            note("body")
        except ValueError:
            note("handler")
            try:
                raise KeyError
            except KeyError:
                note("inner handler")
            note("outer again")
        finally:
            note("finally")
        note("after")
    return sorted(seen.items(), key=str)


def in_generator():
    try:
        yield current()
        raise IndexError
    except IndexError:
        yield current()
        yield current()
    yield current()


def generators(n):
    """A generator has its own handled exception on top of its caller's."""
    seen = {}
    for i in range(n):
        try:
            if i % 3:
                raise OSError
            for name in in_generator():
                seen["plain", name] = seen.get(("plain", name), 0) + 1
        except OSError:
            for name in in_generator():
                seen["handling", name] = seen.get(("handling", name), 0) + 1
            assert current() == "OSError"
    return sorted(seen.items(), key=str)


def bare_raise(n):
    log = {}

    def again():
        raise

    for i in range(n):
        try:
            if i % 5 == 0:
                again()
            try:
                raise TypeError("t")
            except TypeError:
                again()
        except (TypeError, RuntimeError) as error:
            log[str(error)] = log.get(str(error), 0) + 1
    return log


def context_chain(n):
    error = None
    for i in range(n):
        try:
            raise ValueError(i)
        except ValueError as e:
            last = e
            try:
                int("x" * (i % 3))
            except ValueError as f:
                assert f.__context__ is e
                error = f
    depth = 0
    while error is not None:
        depth += 1
        error = error.__context__
    return depth


print(*in_loop(600), sep="\n")
print(*generators(600), sep="\n")
print(bare_raise(500), context_chain(400), sys.exception())


def after_return_from_handler(n):
    def f(i):
        try:
            raise ValueError
        except ValueError:
            return i

    s = 0
    for i in range(n):
        s += f(i)
        assert sys.exception() is None
    return s


print(after_return_from_handler(500))
