# Pipelines of generators and generator expressions: laziness, early exits, closing order, exceptions through them.
# native: no
import itertools

log = []


def source(n):
    try:
        for i in range(n):
            yield i
    finally:
        log.append("source")


def evens(it):
    try:
        for x in it:
            if x % 2 == 0:
                yield x
    finally:
        log.append("evens")


def scaled(it, k):
    for x in it:
        yield x * k


def delegating(n):
    got = yield from source(n)
    sent = yield got
    while sent is not None:
        sent = yield sent * 2
    return "done"


def pipeline(n):
    return scaled(evens(source(n)), 3)


def early(n):
    for x in pipeline(n):
        if x > 30:
            return x


def through(n):
    try:
        for x in pipeline(n):
            if x == 60:
                raise ValueError(x)
    except ValueError as error:
        return str(error)


def echo(n):
    g = delegating(n)
    out = [next(g) for _ in range(n)]
    out.append(next(g))
    out += [g.send(i) for i in range(1, 4)]
    try:
        g.send(None)
    except StopIteration as stop:
        out.append(stop.value)
    return out


def main():
    total = 0
    for i in range(120):
        total += sum(pipeline(40)) + early(50) + len(through(30) or "")
        total += sum(x * y for x in range(5) for y in evens(range(x)))
        total += max(len(str(x)) for x in itertools.takewhile(lambda v: v < 20, scaled(source(9), i % 5)))
        total += any(x > 5 for x in source(10)) + all(x < 5 for x in source(10))
        total += len(echo(i % 6))
    print(total, len(log), {name: log.count(name) for name in sorted(set(log))})
    print(echo(3))


main()
