# Arguments bound in every way: defaults, keywords, keyword-only, *args, **kwargs, unpacking, bound methods.
# native: yes
import sys


def positional(a, b=10, c=20):
    return a * 10000 + b * 100 + c


def keyword_only(a, *, scale=2, offset):
    return a * scale + offset


def gather(first, *rest):
    return first + len(rest) * 100 + sum(rest)


def gather_all(*rest, **named):
    return len(rest) * 10 + len(named)


def positional_only(a, b, /, c):
    return a + b * 2 + c * 3


class Scaler:
    factor = 3

    def __init__(self, n):
        self.n = n

    def scale(self, x, plus=1):
        return (x + self.n) * self.factor + plus


def run(n):
    s = Scaler(7)
    bound = s.scale
    pair = (3, 4)
    total = 0
    for i in range(n):
        total += positional(i)
        total += positional(i, 1)
        total += positional(i, c=2)
        total += positional(c=1, b=2, a=i)
        total += keyword_only(i, offset=3)
        total += keyword_only(i, offset=3, scale=i & 3)
        total += gather(i)
        total += gather(i, 1, i)
        total += gather_all()
        total += gather_all(i, 2, 3)
        total += positional_only(i, 2, c=1)
        total += positional_only(*pair, i)
        total += positional(*pair)
        total += bound(i)
        total += bound(i, plus=0)
        total += bound(i, 5)
    return total


print(run(600))


def kept_rest(n):
    """The tuples of rest arguments outlive their calls."""
    kept = []

    def keep(*rest):
        kept.append(rest)
        return len(rest)

    for i in range(n):
        keep(i, str(i), None)
        keep()
    return len(kept), kept[0], kept[-2], kept[-1] is kept[1]


print(kept_rest(400))


def changed_defaults(n):
    def f(a, b=1, *, c=2):
        return a + b + c

    log = []
    total = 0
    for i in range(n):
        if i == n // 3:
            f.__defaults__ = (100,)
        if i == n // 2:
            f.__kwdefaults__["c"] = 1000
        if i == n - 50:
            f.__kwdefaults__ = {"c": 5}
        if i == n - 20:
            f.__defaults__ = None
        try:
            total += f(i)
        except TypeError as e:
            log.append(str(e))
    return total, len(log), log[:1]


print(changed_defaults(900))


def global_f(a, b=1, *, c=2):
    return a + b + c


def changed_global_defaults(n):
    total = 0
    for i in range(n):
        if i == n // 3:
            global_f.__defaults__ = (100,)
        if i == n // 2:
            global_f.__kwdefaults__["c"] = 1000
        total += global_f(i)
    return total


print(changed_global_defaults(900))


def mismatches(n):
    """Calls that stop fitting."""
    calls = [
        lambda i: positional(),
        lambda i: positional(1, 2, 3, 4),
        lambda i: positional(1, a=2),
        lambda i: positional(1, d=2),
        lambda i: keyword_only(1),
        lambda i: positional_only(1, b=2, c=3),
        lambda i: positional(*i),
        lambda i: positional(**i),
    ]
    log = {}
    for i in range(n):
        try:
            calls[i % len(calls)](i)
        except TypeError as e:
            log[str(e)] = log.get(str(e), 0) + 1
    return log


print(mismatches(400))


class Dying:
    def __init__(self, n):
        self.n = n

    def method(self):
        return self.n

    def __del__(self):
        seen.append(self.n)


seen = []


def dying_methods(n):
    """The bound method holds the last reference to its receiver."""
    total = 0
    for i in range(n):
        m = Dying(i).method
        total += m()
        m = None
        if seen[-1] != i:
            return "too late"
    return total, len(seen)


print(dying_methods(400))


def method_objects(n):
    ms = [Scaler(k).scale for k in range(3)]
    refs = sys.getrefcount(ms[0].__self__)
    total = 0
    for i in range(n):
        total += ms[i % 3](i)
        total += getattr(ms[i % 3], "__func__")(ms[0].__self__, i)
    return total, sys.getrefcount(ms[0].__self__) - refs


print(method_objects(700))


def frames(n):
    """Locals of callees with odd signatures, seen from inside."""
    shots = []

    def look(a, b=2, *rest, c=3, **named):
        if a % 150 == 149:
            shots.append((sorted(sys._getframe().f_locals.items(), key=str), rest, named))
        return len(rest)

    for i in range(n):
        look(i, 5, i, c=i)
    return shots


for shot in frames(450):
    print(str(shot)[:200].replace("function", ""))
