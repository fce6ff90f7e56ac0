# Generators driven by for, next and send in hot loops; yield from; early close; generator expressions.
# native: yes


def count(n):
    i = 0
    while i < n:
        yield i
        i += 1


def running_mean():
    total = 0.0
    n = 0
    mean = None
    while True:
        x = yield mean
        total += x
        n += 1
        mean = total / n


def delegating(n):
    got = yield from count(n)
    result = yield from returns(5)
    yield result
    return got


def returns(k):
    yield k
    return k * 100


def for_loop(n):
    s = 0
    for x in count(n):
        s += x * x
    return s


def early_break(n):
    s = 0
    for k in range(n):
        for x in count(1000):
            if x > k % 7:
                break
            s += x
    return s


def sends(n):
    g = running_mean()
    next(g)
    out = 0.0
    for i in range(n):
        out += g.send(i if i % 2 else i * 0.5)
    return out


def by_next(n):
    g = count(n)
    s = 0
    while (x := next(g, None)) is not None:
        s += x
    return s, next(g, "still over")


def many_alive(n):
    """Several activations of one generator function, resumed in turn."""
    gens = [count(n + k) for k in range(5)]
    s = 0
    for i in range(n * 5):
        s += next(gens[i % 5]) * (i % 5)
    return s


def tree(depth):
    if depth:
        yield from tree(depth - 1)
        yield depth
        yield from tree(depth - 1)


def expressions(n):
    s = sum(x * 2 for x in range(n) if x % 3)
    s += max(x % 97 for x in count(n))
    a = any(x == n - 1 for x in count(n))
    b = all(x < n for x in count(n))
    return (
        s,
        a,
        b,
        len(list(x for x in range(n) if x & 1)),
        ",".join(str(x) for x in count(9)),
    )


def nested(n):
    evens = (x for x in count(n) if x % 2 == 0)
    squares = (x * x for x in evens)
    return sum(a - b for a, b in zip(squares, count(n)))


def changes_type(n):
    def values():
        for i in range(n):
            yield i if i < n // 2 else i * 0.5 if i < n - 5 else True

    s = 0
    for v in values():
        s += v
    return s


print(for_loop(900), early_break(400), sends(600), by_next(500), many_alive(150))
print(sum(tree(8)), list(delegating(3)), expressions(600), nested(700), changes_type(800))
