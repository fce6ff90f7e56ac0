# with statements in hot loops: suppression, exceptions in __enter__ and __exit__, nesting, ExitStack, contextmanager.
# native: yes

from contextlib import ExitStack, contextmanager, suppress


class Manager:
    def __init__(self, swallow=()):
        self.swallow = swallow
        self.log = []

    def __enter__(self):
        self.log.append("in")
        return len(self.log)

    def __exit__(self, kind, value, tb):
        self.log.append(kind.__name__ if kind else "out")
        return kind is not None and issubclass(kind, self.swallow)


def plain(n):
    m = Manager(ValueError)
    s = escaped = 0
    for i in range(n):
        try:
            with m as depth:
                s += depth
                if i % 10 == 5:
                    raise ValueError
                if i % 10 == 6:
                    raise KeyError
                if i % 10 == 7:
                    continue
                s += 1
        except KeyError:
            escaped += 1
    return s, escaped, len(m.log), m.log[-9:]


def nested(n):
    a, b = Manager(KeyError), Manager(ValueError)
    s = 0
    for i in range(n):
        with a, b as d:
            s += d
            if i % 3 == 0:
                raise KeyError
            if i % 3 == 1:
                raise ValueError
        s += 1
    return s, a.log[-4:], b.log[-4:]


class Broken:
    def __init__(self, where):
        self.where = where

    def __enter__(self):
        if self.where == "enter":
            raise RuntimeError("enter")

    def __exit__(self, *args):
        if self.where == "exit":
            raise RuntimeError("exit")


def broken(n):
    log = {}
    for i in range(n):
        try:
            with Broken(("enter", "exit", "none")[i % 3]):
                if i % 2:
                    raise IndexError
        except (RuntimeError, IndexError) as error:
            key = repr(error), repr(error.__context__)
            log[key] = log.get(key, 0) + 1
    return log


def leave_by_return(n):
    m = Manager()

    def f(i):
        with m:
            for k in range(10):
                if k == i % 10:
                    return k

    s = 0
    for i in range(n):
        s += f(i)
    return s, len(m.log)


@contextmanager
def doubled(x):
    try:
        yield x * 2
    except LookupError:
        pass
    finally:
        trail.append(x)


trail = []


def library(n):
    s = 0
    for i in range(n):
        with doubled(i) as d, suppress(ZeroDivisionError):
            s += d
            s += 1 // (i % 4)
            if i % 5 == 0:
                raise LookupError
    with ExitStack() as stack:
        for i in range(200):
            stack.callback(trail.append, -i)
    return s, len(trail), trail[-1], trail[n]


print(plain(600), nested(600), leave_by_return(500), library(400), sep="\n")
for key, count in broken(600).items():
    print(count, *key)


class NoManager:
    pass


def wrong(n):
    for i in range(n):
        try:
            with NoManager():
                pass
        except TypeError as error:
            message = str(error)
    return message


print(wrong(300))
