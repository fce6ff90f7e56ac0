"""A pipeline of generators, and generator expressions inside built-in reductions."""

N = 400_000


def numbers(n):
    i = 0
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
    yield from left
    yield from right


def run():
    total = 0
    for a, b in pairs(odd(numbers(N))):
        total += b - a
    squares = sum(x * x for x in both(numbers(N // 2), odd(numbers(N))))
    found = any(x > N // 2 for x in numbers(N))
    return total, squares, found


EXPECTED = (399998, 13333313333300000, True)
