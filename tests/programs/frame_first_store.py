# Locals first bound inside the loop, in short loops of functions called often; unbound again by `del`.
# native: yes


def short(xs):
    """Bound anew in each activation, the first time around."""
    for x in xs:
        y = x * 2
        z = y + 0.5
        t = (y, z)
    return y, z, t


def calls(n):
    total = 0.0
    for i in range(n):
        y, z, t = short((i, 2, i & 7))
        total += y + z + t[0]
    return total


print(calls(900))


def sometimes(xs):
    for x in xs:
        if x > 3:
            big = x
        elif x == -1:
            del big
    try:
        return big
    except UnboundLocalError as e:
        return str(e)


def conditional(n):
    out = {}
    for i in range(n):
        r = sometimes((i & 7, 1, 2, 9 if i % 5 == 0 else 0))
        out[r] = out.get(r, 0) + 1
    return out


print(conditional(600))
print(sometimes([9, -1, 2] * 200 + [9, -1]))


def objects(xs, pool):
    for x in xs:
        o = pool[x & 1]
        p = [x]
    return o, p


def object_calls(n):
    pool = [object(), object()]
    hits = 0
    for i in range(n):
        o, p = objects((i, i + 1, i + 2), pool)
        hits += o is pool[i & 1]
        hits += p[0]
    return hits


print(object_calls(700))


class Loud:
    def __init__(self, n):
        self.n = n

    def __del__(self):
        dead.append(self.n)


dead = []


def fresh(n):
    for i in range(n):
        o = Loud(i)
        if len(dead) != i:
            return "wrong", i
    return o.n, len(dead)


def fresh_calls(n):
    s = 0
    for i in range(n):
        dead.clear()
        s += fresh(3)[1]
    return s


print(fresh(300), len(dead))
dead.clear()
print(fresh_calls(300))


def double(pairs):
    for a, b in pairs:
        c, d = b, a
        e = f = c
    return c, d, e is f


print([double([(1, 2), (3.5, "x"), (None, True)] * k) for k in (1, 2, 100)])


def look(n):
    """f_locals while some names are still unbound."""
    import sys

    shots = []
    for i in range(n):
        if i == 5 or i == n - 5:
            shots.append(sorted(k for k in sys._getframe().f_locals if len(k) == 1))
        a = i
        if i > n // 2:
            b = i * 2
        if i == n - 10:
            del a
    return shots


print(look(600))
