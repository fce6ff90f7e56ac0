# `nan in [nan]`, list.index, count, ==, and dict look-ups rely on identity before equality.
# native: stressed


def present(nan, n):
    hits = 0
    for i in range(n):
        x = nan
        if x in [x]:
            hits += 1
        if x == x:
            hits += 1000
        if [x] == [x]:
            hits += 1
        if (x, i) == (x, i):
            hits += 1
    return hits


def computed(n):
    """Each iteration makes its own NaN, but it is one object within the iteration."""
    inf = float("inf")
    hits = misses = 0
    for _ in range(n):
        x = inf - inf
        y = inf - inf
        if x in [x]:
            hits += 1
        if x in [y]:
            misses += 1
        if x in (y, x):
            hits += 1
    return hits, misses


def loaded(lst, n):
    found = 0
    for i in range(n):
        x = lst[i % len(lst)]
        found += x in lst
        found += lst.count(x)
        found += lst.index(x) == i % len(lst)
    return found


def as_key(n):
    table = {}
    for i in range(n):
        x = float("nan") if i % 3 == 0 else i * 0.5
        table[x] = i
        if table.get(x) != i:
            raise AssertionError(i)
    return len(table)


def arithmetic_breaks_identity(nan, n):
    found = 0
    for _ in range(n):
        y = nan + 1.0
        found += y in [nan]
        found += y in [y]
    return found


nan = float("nan")
print(present(nan, 500))
print(computed(500))
print(loaded([nan, 1.0, float("nan"), 2.5], 800))
print(as_key(600))
print(arithmetic_breaks_identity(nan, 500))
