# native: no
# How generators end: what their variables' finalizers see, in which order they run, and what is left of the generator.
import gc
import sys

gc.disable()


class Noisy:
    def __init__(self, name, hook=None):
        self.name, self.hook = name, hook

    def __del__(self):
        frame = sys._getframe(1)
        print("del", self.name, "in", frame.f_code.co_name, frame.f_lineno, type(sys.exception()).__name__)
        if self.hook:
            self.hook()


def state(g):
    return g.gi_running, g.gi_suspended, g.gi_frame, g.gi_yieldfrom, g.gi_code.co_name


def plain(n, arg):
    first = Noisy(("first", n))
    second = Noisy(("second", n))
    for i in range(n):
        yield i
    third = Noisy(("third", n))
    return Noisy(("result", n))


def consumers(show):
    for n in (0, 1, 3):
        for item in plain(n, Noisy("argument")):
            show(item)
        g = plain(n, Noisy("argument"))
        show(sum(g))
        show(*state(g))
        show(next(g, "nothing"))

        def outer():
            kept = Noisy("outer's")
            result = yield from plain(n, kept)
            show("got", result.name)
            del result
            yield "after"

        show(list(outer()))
        g = plain(n, None)
        try:
            while True:
                show(next(g))
        except StopIteration as stop:
            show("stop", stop.value.name)


def finalizers(show):
    """A variable's finalizer asks its own generator, resumes it, throws into it, or raises."""
    for what in range(6):
        cell = []

        def hook():
            g = cell[0]
            show(*state(g))
            if what == 1:
                show(next(g, "ended"))
            elif what == 2:
                try:
                    g.throw(ValueError("late"))
                except ValueError as error:
                    show("thrown", error)
            elif what == 3:
                g.close()
            elif what == 4:
                show([i for i in (j for j in range(3))])
            elif what == 5:
                cell.append(cell.pop())

        def gen():
            before = Noisy("before")
            asks = Noisy("asks", hook)
            after = Noisy("after")
            yield 1

        cell.append(gen())
        for item in cell[0]:
            show(item)
        show(*state(cell[0]))


def with_frame(show):
    """Somebody holds the frame: variables outlive the generator."""

    def gen():
        variable = Noisy("variable")
        frames.append(sys._getframe())
        yield 1

    frames = []
    for item in gen():
        show(item)
    show(frames[0].f_locals["variable"].name, frames[0].f_lineno, frames[0].f_back)
    frames.clear()
    show("cleared")

    def by_generator():
        variable = Noisy("held by the generator's frame")
        yield 1

    g = by_generator()
    next(g)
    frame = g.gi_frame
    show(list(g), g.gi_frame, frame.f_lineno)
    del frame
    show("gone")


def while_handling(show):
    """It ends while its consumer, or itself, handles an exception."""

    def gen():
        local = Noisy("local")
        try:
            raise KeyError("inner")
        except KeyError:
            yield type(sys.exception()).__name__
            return Noisy("returned in a handler")

    for _ in range(2):
        try:
            raise ValueError("outer")
        except ValueError:
            for item in gen():
                show(item, type(sys.exception()).__name__)
            show(type(sys.exception()).__name__)
            g = gen()
            show(next(g), next(g, None), type(sys.exception()).__name__)
        show(sys.exception())


def recursion(show):
    def tree(depth):
        guard = Noisy(depth) if depth > 2 else None
        if depth:
            yield from tree(depth - 1)
            yield depth
            for item in tree(depth - 1):
                yield -item

    show(list(tree(4)))
    limit = sys.getrecursionlimit()

    def depth():
        try:
            return 1 + depth()
        except RecursionError:
            return 1

    sys.setrecursionlimit(200)
    try:
        show(depth())
        for _ in range(300):
            for item in plain_quiet(2):
                pass
        show(depth())
    finally:
        sys.setrecursionlimit(limit)


def plain_quiet(n):
    yield from range(n)



for scenario in (consumers, finalizers, with_frame, while_handling, recursion):
    for _ in range(3):
        scenario(print)
for _ in range(200):
    for item in plain_quiet(3):
        pass
print(sys.getrefcount(plain_quiet) - 1, sys.getrefcount(plain) - 1)
