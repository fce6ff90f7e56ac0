# Unpacking: starred targets, nested, swaps, from generators and strings, wrong lengths, order of evaluation.
# native: no
log = []


def see(x):
    log.append(x)
    return x


class Box:
    def __init__(self):
        self.items = {}

    def __setitem__(self, k, v):
        log.append(("set", k, v))
        self.items[k] = v


def kinds(i):
    a, *b, c = range(i % 5 + 2)
    (d, e), [f, *g] = (i, "x"), "uvw"
    h, k = k, h = (i, i + 1)
    *m, = {"p": 1, "q": 2}
    n, (o, *q), r = i, (j for j in range(i % 3 + 1)), "z"
    return a, b, c, d, e, f, g, h, k, m, n, o, q, r


def wrong(i):
    source = [(1,), (1, 2, 3), "abcd", 5, (j for j in range(i % 4)), {1, 2, 3}][i % 6]
    try:
        a, b = source
        return a, b
    except (TypeError, ValueError) as error:
        return str(error)


def wrong_star(i):
    try:
        a, b, *c, d = range(i % 5)
        return c
    except ValueError as error:
        return str(error)


def main():
    size = 0
    seen = {}
    for i in range(600):
        size += len(repr(kinds(i)))
        for text in (wrong(i), wrong_star(i)):
            seen[repr(text)] = seen.get(repr(text), 0) + 1
        box = Box()
        box[see("a")], box[see("b")] = see(1), see(2)
        x = [0, 0, 0]
        j = 0
        j, x[j] = 2, i
        size += x[2]
    print(size, len(log), log[:6])
    for key in sorted(seen):
        print(key, seen[key])


main()
