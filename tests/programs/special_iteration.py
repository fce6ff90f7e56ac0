# native: yes
"""Iteration by classes written in Python: ends of every kind, errors, iterators that change while they run, die with their loop,
are shared, look at their callers; and assignment, deletion and attributes by special methods."""

import sys
import traceback

log = []


class Count:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        n = self.n
        if n:
            self.n = n - 1
            return n
        raise StopIteration


class Called(Count):
    def __next__(self):
        self.n -= 1
        if self.n < 0:
            raise StopIteration(self.n)
        return self.n


class Handles(Count):
    def __next__(self):
        try:
            if self.n <= 0:
                raise StopIteration
            self.n -= 1
            return self.n
        finally:
            log.append(self.n) if self.n % 50 == 7 else None


class Delegates:
    def __init__(self, items):
        self.items = iter(items)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.items)


class Helped(Count):
    def stop(self):
        raise StopIteration("helped")

    def __next__(self):
        if self.n == 0:
            self.stop()
        self.n -= 1
        return self.n


class Derived(StopIteration):
    pass


class Derives(Count):
    def __next__(self):
        if self.n == 0:
            raise Derived
        self.n -= 1
        return self.n


class Apart:
    "Its iterators are other objects."

    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return Count(self.n)


class Generates(Apart):
    def __iter__(self):
        n = self.n
        while n:
            yield n
            n -= 1


class OfList(Apart):
    def __iter__(self):
        return iter([self.n, self.n + 1])


def sums(kind, rounds, n):
    s = k = 0
    for i in range(rounds):
        for x in kind(n if i % 7 else 0):
            s += x * i
            k += 1
        else:
            s += 1
    return s, k


def long_loop(kind, n):
    s = 0
    for x in kind(n):
        s += x
        if x == 3:
            continue
        s ^= 1
    return s


for kind in Count, Called, Handles, Helped, Derives, Apart, Generates, OfList:
    print(kind.__name__, sums(kind, 300, 3), sums(kind, 30, 40), long_loop(kind, 2000), len(log))
log.clear()
print(sums(lambda n: Delegates(range(n)), 300, 3), long_loop(lambda n: Delegates(range(n)), 2000))


def nested(n):
    s = 0
    for a in Count(n):
        for b in Count(3):
            for c in Apart(2):
                s += a * b + c
    return s


print(nested(300))


# One place, many kinds of iterators.
def any_kind(n):
    kinds = [Count(3), [1, 2], Generates(2), (5,), range(3), {7: 8}, Called(2), Derives(1), zip([1], [2]), OfList(4)]
    out = []
    for i in range(n):
        it = kinds[i % len(kinds)]
        if isinstance(it, Count):
            it.n = i % 4
        for x in it:
            out.append(x)
    return len(out), out[-20:]


print(any_kind(400))


# Errors and odd answers.
class Bad:
    def __init__(self, how):
        self.how = how
        self.n = 0

    def __iter__(self):
        if self.how == "iter raises":
            raise ValueError(self.how)
        if self.how == "no iterator":
            return [1, 2]
        if self.how == "None":
            return None
        return self

    def __next__(self):
        self.n += 1
        if self.n > 3:
            if self.how == "next raises":
                raise KeyError(self.how)
            if self.how == "instance":
                raise StopIteration(self)
            if self.how == "not implemented":
                return NotImplemented
            if self.how == "again" and self.n < 6:
                raise StopIteration
            if self.n > 5:
                raise StopIteration
        return self.n

    def __del__(self):
        log.append(("dies", self.how, sys._getframe(1).f_code.co_name))


class OnlyIter:
    def __iter__(self):
        return OnlyNext()


class OnlyNext:
    def __next__(self):
        return 1


class NoneIter:
    __iter__ = None


def odd(n):
    out = []
    ways = ["iter raises", "no iterator", "None", "next raises", "instance", "not implemented", "again", "fine"]
    for i in range(n):
        for how in ways:
            items = []
            try:
                for x in Bad(how):
                    items.append(x)
                    if len(items) > 6:
                        break
            except (ValueError, TypeError, KeyError) as e:
                tb = traceback.extract_tb(e.__traceback__)
                items.append((type(e).__name__, str(e), [(f.name, f.lineno) for f in tb]))
                del e
            out.append(items)
        b = Bad("again")
        out.append([list(b), [x for x in b], [x for x in b]])
        for other in NoneIter, OnlyNext:
            try:
                for x in other():
                    pass
            except TypeError as e:
                out.append(str(e))
        for x in OnlyIter():
            out.append(x)
            break
    return out[-13:]


for line in odd(120):
    print(line)
print(len(log), log[-12:])
log.clear()


# Handlers around the loop, and inside the callee.
def handlers(n):
    k = 0
    for i in range(n):
        try:
            for x in Bad("next raises"):
                k += x
        except KeyError as e:
            k += len(traceback.extract_tb(e.__traceback__))
        try:
            it = iter(Bad("fine"))
            while True:
                k += next(it)
        except StopIteration:
            k += 100
        del it
    return k


print(handlers(200), len(log))
log.clear()


# What is left behind by an end: locals that die, context, frames.
class Mortal:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        log.append((self.name, sys.exception(), sys._getframe(1).f_lineno - start))


start = sys._getframe().f_lineno


class Leaves(Count):
    def __next__(self):
        if self.n == 0:
            a = Mortal("first")
            b = Mortal("second")
            raise StopIteration
        self.n -= 1
        return Mortal("item")


def leaving(n):
    for i in range(n):
        for x in Leaves(2):
            log.append("body")
        log.append("after")
        del x
        if i < n - 1:
            log.clear()


leaving(300)
for line in log:
    print(line)
log.clear()


class Looks(Count):
    def __next__(self):
        caller = sys._getframe(1)
        if self.n == 0:
            log.append((caller.f_lineno - start, caller.f_locals["x"]))
            raise StopIteration
        self.n -= 1
        return sys.getrefcount(self), caller.f_lineno - start

    def __iter__(self):
        log.append(sys.getrefcount(self))
        return self


def looking(n):
    for i in range(n):
        x = None
        for x in Looks(2):
            pass
        it = Looks(1)
        for x in it:
            pass
    return x


print(looking(200), log[-6:])
log.clear()


# Methods and classes that change within the loop.
def changing(n):
    out = []
    it = Count(n)
    for x in it:
        if x == n - 300:
            Count.__next__, old = (lambda self: old(self) and self.n * 2), Count.__next__
        if x == n - 301:
            out.append("?")
        if it.n == n - 400:
            Count.__next__ = old
        if it.n == n - 450:
            it.__class__ = Called
        out.append(x)
    return len(out), sum(x for x in out if x != "?"), out[290:310], out[-3:]


print(changing(800))


class Recursive:
    def __init__(self, depth):
        self.depth = depth
        self.done = False

    def __iter__(self):
        return self

    def __next__(self):
        if self.done:
            raise StopIteration
        self.done = True
        total = 0
        if self.depth:
            for x in Recursive(self.depth - 1):
                total += x
        return total + 1


class Endless:
    depth = 0

    def __iter__(self):
        Endless.depth += 1
        for x in self:
            return x

    def __next__(self):
        Endless.depth += 1
        for x in self.same:
            return x


def recursion():
    for _ in range(5):
        print([x for x in Recursive(450)])
    e = Endless()
    f = type("Same", (Endless,), {"__iter__": lambda self: self})()
    e.same = f.same = f
    for it in e, f:
        for _ in range(3):
            Endless.depth = 0
            try:
                for x in it:
                    pass
            except RecursionError as error:
                print(error, Endless.depth, len(traceback.extract_tb(error.__traceback__)))


recursion()


# Generators and coroutines as callers.
def generating(n):
    for i in range(n):
        for x in Count(3):
            yield x
        yield from Called(2)
        yield [y for y in Apart(2)]


print(sum(x if isinstance(x, int) else len(x) for x in generating(300)))


# Tracing that begins in an iterator.
def tracer(frame, event, arg):
    if frame.f_code.co_name in ("tracing", "__next__"):
        log.append((event, frame.f_lineno - start, arg if event == "exception" and arg[0] is not StopIteration else None))
    return tracer


class Traces(Count):
    def __next__(self):
        if self.n == 2:
            sys._getframe(1).f_trace = tracer
            sys.settrace(tracer)
        if self.n == 0:
            raise StopIteration
        self.n -= 1
        return self.n


class TracesLate(Count):
    def __next__(self):
        if self.n == 0:
            sys._getframe(1).f_trace = tracer
            sys.settrace(tracer)
            raise StopIteration
        self.n -= 1
        return self.n


def tracing(it):
    for x in it:
        y = x
    z = 1
    sys.settrace(None)
    return y


for it in Count(500), Traces(500), TracesLate(500), Count(500), Traces(500):
    log.append(tracing(it))
print(log)
log.clear()


# Assignment, deletion, attributes, signs.
class Box:
    def __init__(self):
        object.__setattr__(self, "items", {})

    def __setitem__(self, key, value):
        if key == "bad":
            raise KeyError(key, value)
        self.items[key] = value

    def __delitem__(self, key):
        log.append(("del", key, sys.getrefcount(self)))
        del self.items[key]

    def __getattr__(self, name):
        if name.startswith("no"):
            raise AttributeError(name)
        return name, sys.getrefcount(self)

    def __setattr__(self, name, value):
        if name == "bad":
            raise TypeError(name)
        self.items[name] = value

    def __neg__(self):
        return self

    def __invert__(self):
        return ~len(self.items)

    @property
    def weak(self):
        if self.items.get("weak"):
            raise AttributeError("weak")
        return "strong"

    @property
    def suicidal(self):
        Box.__getattr__ = lambda self, name: "other"
        raise AttributeError


def boxes(n):
    box = Box()
    out = []
    for i in range(n):
        box[i] = i
        box.name = i
        box.weak = i % 3 == 0
        out.append((box.missing, box.weak, ~box, (-box).other, box.items["name"]))
        for what in range(5):
            try:
                if what == 0:
                    box["bad"] = 1
                elif what == 1:
                    box.bad = 2
                elif what == 2:
                    box.nothing
                elif what == 3:
                    del box["not there"]
                else:
                    box.method(1)
            except (KeyError, TypeError, AttributeError) as e:
                out.append((type(e).__name__, str(e), [f.lineno - start for f in traceback.extract_tb(e.__traceback__)]))
        if i > n - 20:
            del box[i]
        if i == n - 3:
            out.append(box.suicidal)
            out.append(box.missing)
    return out


out = boxes(300)
for line in out[:6] + out[-26:]:
    print(line)
print(log[-3:])
