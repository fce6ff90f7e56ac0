# Defaults, keywords, keyword-only, *args and **kwargs in hot loops; wrong calls with their messages.
# native: stressed


def plain(a, b=2, c=3):
    return a + 10 * b + 100 * c


def keyword_only(a, *, scale=2, offset):
    return a * scale + offset


def positional_only(a, b, /, c=1):
    return a - b * c


def variadic(first, *rest, **named):
    return first + len(rest) * 10 + sum(named.values())


def forward(*args, **kwargs):
    return plain(*args, **kwargs)


def loop(n):
    s = 0
    for i in range(n):
        s += plain(i)
        s += plain(i, i)
        s += plain(i, c=i)
        s += plain(c=1, a=i, b=0)
        s += keyword_only(i, offset=i % 3)
        s += keyword_only(i, offset=1, scale=i & 1)
        s += positional_only(i, 2) + positional_only(i, 2, c=3)
        s += variadic(i) + variadic(i, 1, 2) + variadic(i, 1, x=i, y=2)
        s += forward(i) + forward(i, 5) + forward(i, c=7) + forward(*(i, 1), **{"c": i})
    return s


print(loop(400), loop(0))


def mutable_default(x, seen=[]):
    seen.append(x)
    return len(seen)


print(
    sum(mutable_default(i) for i in range(500)),
    mutable_default(0),
    len(mutable_default.__defaults__[0]),
)


def wrong_calls(n):
    calls = (
        lambda: plain(),
        lambda: plain(1, 2, 3, 4),
        lambda: plain(1, a=2),
        lambda: plain(1, d=2),
        lambda: keyword_only(1),
        lambda: keyword_only(1, 2, offset=3),
        lambda: positional_only(a=1, b=2),
        lambda: variadic(),
        lambda: plain(*5),
        lambda: plain(**{"a": 1, 2: 3}),
    )
    log = {}
    for i in range(n):
        try:
            calls[i % len(calls)]()
        except TypeError as error:
            log[str(error)] = log.get(str(error), 0) + 1
    return log


for message, count in wrong_calls(500).items():
    print(count, message)


def star_in_middle(n):
    out = 0
    args = [1, 2]
    for i in range(n):
        args[0] = i
        out += plain(*args) + plain(0, *args) + max(*args, 5)
        if i == n // 2:
            args = (i, 1.5)
            args = list(args)
    return out


print(star_in_middle(600))
