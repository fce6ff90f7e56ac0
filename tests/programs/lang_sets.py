# Sets in hot loops: membership with odd keys, changes while iterating, frozensets as keys, algebra.
# native: no


def sieve(n):
    composite = set()
    primes = []
    for i in range(2, n):
        if i in composite:
            composite.discard(i)
            continue
        primes.append(i)
        composite.update(range(i * i, n, i))
    return len(primes), primes[-1], len(composite)


def change(n):
    s = set(range(n))
    seen = 0
    try:
        for x in s:
            seen += 1
            if seen == n // 2:
                s.add("new")
    except RuntimeError as error:
        return seen, str(error)


def odd_keys(n):
    nan = float("nan")
    s = set()
    for i in range(n):
        s.add(nan)
        s.add(float("nan")) if i < 3 else None
        s.add(1)
        s.add(1.0)
        s.add(True)
        s.add((1, i % 3))
    errors = 0
    for i in range(200):
        try:
            s.add([])
        except TypeError as error:
            errors += len(str(error))
    return len(s), nan in s, errors


def algebra(n):
    total = 0
    groups = {}
    for i in range(n):
        a = {i % 5, i % 7, i % 3}
        b = frozenset((i % 4, i % 2))
        total += len(a | b) + len(a & b) * 10 + len(a - b) * 100 + len(a ^ b) * 1000 + (b <= a)
        groups.setdefault(b, []).append(i)
        a &= b
        total += len(a)
    return total, sorted((sorted(k), len(v)) for k, v in groups.items())


print(sieve(3000))
print(change(500))
print(odd_keys(400))
print(algebra(600))
print(sorted({x % 10 for x in range(500)}), {i for i in range(300) if i > 297} == {298, 299})
