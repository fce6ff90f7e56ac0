# True and False as numbers, as indices, as loop counters' increments; identity of results.
# native: yes


def count(items):
    n = 0
    for x in items:
        n += x > 10
    return n, type(n).__name__


def start_with_bool(n):
    x = True
    kinds = []
    for i in range(n):
        x = x + (i % 3 == 0)
        kinds.append(type(x).__name__)
    return x, kinds[0], kinds[-1]


def pick(pair, n):
    out = []
    for i in range(n):
        out.append(pair[i % 5 == 0])
    return out.count("yes"), out.count("no")


def logic(n):
    """and / or give back operands, not bools."""
    log = []
    acc = 0
    for i in range(n):
        a = i % 4 and i
        b = i % 4 or "zero"
        c = not i % 4
        acc += 1 if a else 0
        if i >= n - 4:
            log.append((a, b, c, c is True, c is False))
    return acc, log


def chain(n):
    hits = 0
    for i in range(n):
        if 10 < i <= 200 != 150 < i + 400:
            hits += 1
        if not 5 <= i % 11 < 9:
            hits += 100
    return hits


print(count(list(range(700))))
print(start_with_bool(700))
print(pick(("no", "yes"), 700))
print(logic(801))
print(chain(900))
print(sum(x is True for x in [i % 2 == 0 for i in range(600)]))
