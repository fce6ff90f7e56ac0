# Comprehensions inlined into loops: their variables borrow names, and give them back, bound or not.
# native: yes


def unbound_before(n):
    total = 0
    for i in range(n):
        total += sum([x * 2 for x in (i, 1, 2)])
        try:
            x
        except UnboundLocalError:
            total += 1
    return total
    x = 0


print(unbound_before(400))


def bound_before(n):
    x = "kept"
    total = 0
    for i in range(n):
        total += len([x for x in (1, 2, i)])
        total += len(x)
    return total, x


print(bound_before(500))


def loop_variable(n):
    out = 0
    for x in range(n):
        out += [x + 1 for x in (x, x + 1)][1]
        out += x
    return out


print(loop_variable(500))


class Loud:
    def __init__(self, n):
        self.n = n

    def __del__(self):
        dead.append(self.n)


dead = []


def objects(n):
    """The object a borrowed name held is only put aside; the comprehension's last item dies at its end."""
    x = Loud(-1)
    marks = 0
    for i in range(n):
        y = [x.n for x in (Loud(i),)]
        marks += len(dead)
        x.n -= y[0] & 1
    return marks, x.n, dead[-1]


print(objects(300))


def nested(n):
    m = [[1, 2, 3], [4, 5, 6]]
    s = 0
    for i in range(n):
        t = [[row[c] for row in m] for c in range(3)]
        s += t[i % 3][i & 1]
        s += sum([a * b for a in (1, 2) for b in (3, i) if a != b])
    return s


print(nested(400))


def raising(n):
    x = "x"
    caught = 0
    for i in range(n):
        try:
            [10 // x for x in (1, i % 7, 2)]
        except ZeroDivisionError:
            caught += 1
        if x != "x":
            return "lost"
    return caught


print(raising(600))


def sets_and_dicts(n):
    size = 0
    for i in range(n):
        s = {x & 3 for x in (i, i + 1, 5)}
        d = {k: v for k, v in ((i & 1, 2), (1, i))}
        size += len(s) * 10 + len(d) + d[1]
    return size


print(sets_and_dicts(500))


def closures(n):
    out = 0
    for i in range(n):
        fs = [lambda: x for x in (1, 2, i)]
        out += fs[0]() + fs[2]()
    return out


print(closures(400))


def in_callee(n):
    def pick(a, k):
        r = [a + k for a in (a, k)]
        return r[0] + a

    return sum([pick(i, 3) for i in range(n)])


print(in_callee(500))


def unhashable(n):
    caught = 0
    for i in range(n):
        key = i if i % 50 else []
        try:
            {k for k in (key,)}
            {k: 1 for k in (key,)}
        except TypeError as e:
            caught += 1
    return caught


print(unhashable(400))


def displays(n):
    a = [1, 2]
    size = 0
    for i in range(n):
        b = [*a, i, *(3, 4)]
        c = {*a, *b}
        d = {**{"a": i}, "b": 2}
        size += len(b) + len(c) + len(d) + b[2]
    return size


print(displays(500))


def bad_displays(n):
    log = []
    for i in range(n):
        value = [1] if i % 100 < 99 else i
        try:
            [*value]
            {*value}
        except TypeError as e:
            log.append(str(e))
    return log


print(bad_displays(500))
