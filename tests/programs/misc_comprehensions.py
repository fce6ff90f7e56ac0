# Comprehensions in and as hot loops: nested, filtered, with walrus, closures, exceptions, isolation of names.
# native: yes


def in_loop(n):
    s = 0
    for i in range(n):
        s += sum([j * i for j in range(5)])
        s += len({j % 3 for j in range(i % 7)})
        s += len({j: j for j in range(i % 4)})
    return s


def nested(n):
    m = [[i * j for j in range(n)] for i in range(n)]
    flat = [x for row in m if row[-1] % 2 == 0 for x in row if x % 3]
    return sum(flat), len(flat), [list(c) for c in zip(*m)] == m


def isolation(n):
    i = "outer"
    total = sum([i for i in range(n)])
    return i, total


def walrus(n):
    last = None
    kept = [last := x for x in range(n) if x % 7 == 0]
    return last, len(kept)


def closures(n):
    fs = [lambda: k for k in range(n)]
    gs = [lambda k=k: k for k in range(n)]
    return sum(f() for f in fs), sum(g() for g in gs)


def raising(n):
    errors = 0
    good = 0
    for i in range(n):
        k = "kept"
        try:
            good += sum([10 // (k - 3) for k in range(i % 6)])
        except ZeroDivisionError:
            errors += 1
        if k != "kept":
            raise AssertionError
    return good, errors


def growing_types(n):
    return [x * 2 if i % 3 else x / 2 for i, x in enumerate(range(n))][-4:]


def shadowing_builtins(n):
    return [list for list in range(n)][-1], sum(len for len in [1, 2, 3])


class InClass:
    base = 10
    values = [x * 2 for x in range(300)]
    by_base = [b for b in [base] * 300]


def big_list(n):
    lst = [i for i in range(n)]
    lst = [x + 1 for x in lst]
    lst = [x for x in lst if x & 1]
    return len(lst), lst[-1], sum(lst)


def locals_inside(n):
    seen = [sorted(locals()) for v in range(n)]
    return seen[-1]


print(in_loop(400), nested(25), isolation(500), walrus(700), closures(300))
print(
    raising(400),
    growing_types(600),
    shadowing_builtins(400),
    big_list(2000),
    locals_inside(300),
)
print(sum(InClass.values), sum(InClass.by_base))
