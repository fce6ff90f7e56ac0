"""What faults are injected into: code that is compiled, left, bridged, called natively and invalidated."""

SOURCE = """
class Point:
    def __init__(self, x):
        self.x = x

def leaf(a, b):
    c = a * 1.5 + b
    return c

def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)

def numbers(n):
    for i in range(n):
        yield i * 1000003

def work(n):
    out = []
    table = {}
    t = 0.5
    s = 1 << 40
    name = ""
    for i in range(n):
        t = leaf(t, i) * 0.25
        s += i * 1000003
        out.append(s)
        table[i & 7] = s
        p = Point(s)
        t += p.x
        if i % 5 == 0:
            name = name + "x"
        if i > n // 2:
            s -= 7
    tripled = [x * 3 for x in out]
    g = 0
    for v in numbers(n):
        g += v
    return s, t, len(out), sum(tripled), sorted(table.items()), len(name), fib(9), g
"""


def fresh():
    """New functions, which nobody has compiled yet."""
    namespace = {}
    exec(SOURCE, namespace)
    return namespace


def cycle():
    """Compiles, leaves, makes bridges, invalidates, compiles again; what was computed."""
    namespace = fresh()
    work = namespace["work"]
    results = [work(60), work(90)]
    namespace["leaf"] = lambda a, b: a - b
    results.append(work(60))
    namespace["Point"].__init__ = lambda self, x: setattr(self, "x", -x)
    results.append(work(60))
    return results
