# Generators resumed within hot loops: seen from outside at every moment, ended, thrown into, looked at.
# native: yes

import gc
import inspect
import sys
import traceback


def numbers(n, start=0):
    i = start
    while i < n:
        yield i
        i += 1


def odd(source):
    for x in source:
        if x & 1:
            yield x


def pairs(source):
    previous = None
    for x in source:
        if previous is not None:
            yield previous, x
        previous = x


def both(left, right):
    got = yield from left
    other = yield from right
    return got, other


def total(source):
    s = 0
    for x in source:
        s += x
    return s


def returning(n):
    for i in range(n):
        yield i
    return "result", n


def delegating(n):
    result = yield from returning(n)
    yield result


print(total(numbers(3000)), total(odd(numbers(3000))), sum(b - a for a, b in pairs(odd(numbers(3000)))))
print(total(both(numbers(900), odd(numbers(900)))), total(x * x for x in range(900)))
print([x for x in delegating(900)][-2:], sum(total(numbers(i % 7)) for i in range(900)))
print(total(x * y for x in numbers(40) for y in numbers(40)))


def floats(n):
    x = 0.5
    for i in numbers(n):
        x = x * 1.25 if x < 1e6 else x - 1e6
        yield x


def words(n):
    text = ""
    for i in range(n):
        text += str(i % 10)
        if len(text) > 50:
            text = text[25:]
        yield text


def last(source):
    n = 0
    for x in source:
        n += 1
        y = x
    return n, y


print(last(floats(1000)), last(words(1000)))
print(last(numbers(2**62 + 900, 2**62)), last(numbers(2**63 + 450, 2**63 - 450)), last(numbers(700, -700)))


class Loud:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name, end=" ")


def loud(n):
    """Objects whose death is seen, in a generator's local and in its caller's."""
    for i in range(n):
        held = Loud(i) if i % 250 == 0 else None
        yield held, i
        if i % 250 == 0:
            print("resumed", i, end=" ")


def hold(source):
    for held, i in source:
        if i % 250 == 0:
            print("got", i, end=" ")
        held = None
        if i % 250 == 0:
            print("dropped", i, end=" ")
    print("end")


hold(loud(1000))


def ends(n, rounds):
    """What a generator holds dies when it returns."""
    for r in range(rounds):
        for x in holding(n, r, rounds):
            pass
        if r > rounds - 3:
            print("after", r, end="; ")
    print()


def holding(n, r, rounds):
    held = Loud(r) if r > rounds - 3 else None
    for i in range(n):
        yield i
    if r > rounds - 3:
        print("returns", end=" ")


ends(3, 400)


def abandons(n, rounds):
    """Generators left in the middle are closed when they die."""
    for r in range(rounds):
        for x in cleaned(n, r, rounds):
            if x == 2:
                break
    print()


def cleaned(n, r, rounds):
    try:
        for i in range(n):
            yield i
    finally:
        if r > rounds - 3:
            print("closed", r, i, end="; ")


abandons(5, 400)


def look(g, when):
    """What a suspended or running generator shows."""
    f = g.gi_frame
    back = f.f_back.f_code.co_name if f.f_back else None
    local = sorted((k, v) for k, v in f.f_locals.items() if k != "me")
    return inspect.getgeneratorstate(g), f.f_lineno - f.f_code.co_firstlineno, back, local, when


def watched(n, me):
    x = 0
    for i in range(n):
        x += i
        if i in LOOKS:
            print(look(me[0], "inside"))
        yield x
        if i in LOOKS:
            print(look(me[0], "again")[:3])


LOOKS = (5, 700, 702)


def watching(n):
    me = []
    g = watched(n, me)
    me.append(g)
    s = 0
    for k, x in enumerate(g):
        s += x
        if k in LOOKS:
            print(look(g, "outside"))
    me.clear()
    return s


print(watching(900))


def changed(n):
    """f_locals of a generator is written from outside, and from what it calls."""
    step = 1
    i = 0
    while i < n:
        i += step
        if i % 100 == 0:
            poke(i)
        yield i


def poke(i):
    if i == 500:
        sys._getframe(1).f_locals["step"] = 2


def changing(n):
    g = changed(n)
    s = 0
    for i in g:
        s += i
        if i == 800:
            g.gi_frame.f_locals["step"] = 5
    return s, i


print(changing(2000))


def stepping(n):
    """The loop itself also draws from the generator it iterates over."""
    g = numbers(n)
    s = 0
    for x in g:
        s += x
        if x % 7 == 0:
            s -= next(g, 0)
        if x % 500 == 3:
            s += next(g, 0) * 2
    return s


def same_twice(n):
    g = numbers(n)
    s = 0
    for a in g:
        for b in g:
            s += a * b
            if b % 3 == 0:
                break
    return s


def entangled(n):
    """A generator that iterates over itself."""
    box = []

    def it():
        i = 0
        for i in range(n):
            yield i
            if i == n - 5:
                for x in box[0]:
                    yield x

    g = it()
    box.append(g)
    s = 0
    try:
        for x in g:
            s += x
    except ValueError as e:
        return s, str(e)
    finally:
        box.clear()


print(stepping(3000), same_twice(3000), entangled(900))


def ring(n, turn):
    """A generator that resumes its twin, and later itself, from a branch of its own."""
    picked, errors, got = [1], [0], [0]
    gens = []

    def it(own, gens, picked, errors, got):
        i = 0
        while True:
            if own and i % 2:
                try:
                    for x in gens[picked[0]]:
                        got[0] += x
                        break
                except ValueError as e:
                    errors[0] += 1
            yield i
            i += 1

    gens.append(it(True, gens, picked, errors, got))
    gens.append(it(False, gens, picked, errors, got))
    s = 0
    for x in gens[0]:
        s += x
        if x == turn:
            picked[0] = 0
        if x == n:
            break
    gens.clear()
    return s, errors, got


print(ring(1500, 900), ring(1500, 901), ring(900, 5))


def raising(n):
    for i in range(n):
        yield i
        if i == n - 2:
            raise KeyError(i)


def through(source):
    for x in source:
        yield x + 1


def caught(source):
    s = 0
    try:
        for x in source:
            s += x
    except (KeyError, RuntimeError, ZeroDivisionError) as e:
        lines = [(f.name, f.lineno) for f in traceback.extract_tb(e.__traceback__)]
        return s, repr(e), lines, repr(e.__cause__)


def stops(n):
    for i in range(n):
        yield i
        if i == n - 2:
            raise StopIteration(i)


def divides(n):
    for i in range(n):
        yield 10 // (n - 2 - i)


def inside(n):
    for i in range(n):
        try:
            yield 10 // (i % 300 - 299)
        except ZeroDivisionError as e:
            yield sys.exception() is e


print(caught(raising(800)), caught(through(through(raising(800)))))
print(caught(stops(800)), caught(through(stops(800))), caught(divides(900)), total(inside(900)))


def handled(n):
    """The generator's exception state is its own."""
    seen = 0
    for i in range(n):
        try:
            raise ValueError(i)
        except ValueError:
            for x in exceptional(3):
                seen += x
            assert sys.exception().args == (i,)
    return seen


def exceptional(n):
    for i in range(n):
        yield isinstance(sys.exception(), ValueError)
        try:
            raise KeyError(i)
        except KeyError:
            yield isinstance(sys.exception(), KeyError) + 2


print(handled(300))


def sends(n):
    """send, throw and close between the steps of a loop."""
    g = accumulating()
    out = next(g)
    for i in range(n):
        out = g.send(i)
        if i % 400 == 399:
            try:
                g.throw(ValueError(str(i)))
            except ValueError as e:
                out = str(e)
                g = accumulating()
                next(g)
    g.close()
    return out, inspect.getgeneratorstate(g)


def accumulating():
    s = 0
    while True:
        got = yield s
        s += got


print(sends(1000))


def deep(n, depth):
    """A chain of generators, as far as recorded and farther."""
    g = numbers(n)
    for _ in range(depth):
        g = through(g)
    return total(g)


print(deep(700, 3), deep(700, 8), deep(300, 40))


def recursive(n):
    if n:
        yield n
        yield from recursive(n - 1)


def tree(depth):
    if depth:
        yield from tree(depth - 1)
        yield depth
        for x in tree(depth - 1):
            yield x


print(total(recursive(300)), total(tree(9)))


def too_deep(n):
    def nest(k):
        yield k
        yield from nest(k + 1)

    count = 0
    try:
        for x in nest(0):
            count += 1
    except RecursionError as e:
        return count > n - 100, count < n, str(e)


print(too_deep(sys.getrecursionlimit()))


def closures(n):
    scale = 3
    out = 0

    def scaled():
        nonlocal scale
        for i in range(n):
            yield i * scale
            if i == n // 2:
                scale = 0.5

    for x in scaled():
        out += x
    return out


print(closures(800))


def collected(n):
    """A collection sees what suspended generators hold."""
    s = 0
    for i, x in enumerate(odd(numbers(n))):
        if i % 300 == 299:
            gc.collect()
        s += x
    return s


def unpacking(n):
    s = 0
    for i, (a, b) in enumerate(zip(numbers(n), odd(numbers(n)))):
        s += i * a - b
    for k, v in {i: i for i in numbers(n)}.items():
        s += k - v
    return s


print(collected(2000), unpacking(1500))


async def ready(n):
    return n


async def awaiting(n):
    s = 0
    for i in range(n):
        s += await ready(i)
    return s


def drive(coroutine):
    try:
        coroutine.send(None)
    except StopIteration as e:
        return e.value


print(drive(awaiting(900)))


def empty():
    return
    yield


def nothing(n):
    s = 0
    for i in range(n):
        for x in empty():
            s += 1
        for x in (y for y in () if y):
            s += 1
    return s


print(nothing(900), next(empty(), "ended"))


def exhausted(n):
    g = numbers(3)
    s = 0
    for i in range(n):
        for x in g:
            s += x
    return s


print(exhausted(900))


def traced(n):
    """Tracing is switched on while the generators run."""
    events = []

    def tracer(frame, event, arg):
        events.append((event, frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno))
        return tracer if len(events) < 60 else None

    s = 0
    for x in through(numbers(n)):
        s += x
        if x == n - 5:
            sys.settrace(tracer)
    sys.settrace(None)
    return s, events


print(traced(700))
