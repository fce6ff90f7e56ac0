# Recursion limits, deep recursion and tracing below native calls.
# native: yes
import sys


def depth(n):
    try:
        return depth(n + 1)
    except RecursionError:
        return n


def plain_depth(n):
    counter[0] = n
    return plain_depth(n + 1) + 1


counter = [0]


def measure(limit):
    sys.setrecursionlimit(limit)
    try:
        plain_depth(0)
    except RecursionError as e:
        return counter[0], str(e)


def warm(n):
    return 0 if n == 0 else warm(n - 1) + 1


for i in range(60):
    warm(i)
for limit in (150, 151, 200, 333, 1000):
    print(limit, [measure(limit) for _ in range(12)][-1], depth(0))
sys.setrecursionlimit(1000)
print([depth(0) for _ in range(5)])


def fail_in_middle(n):
    if n == 0:
        return depth(0)
    return fail_in_middle(n - 1)


print([fail_in_middle(i) for i in range(0, 60, 7)])

sys.setrecursionlimit(400000)


def deep(n):
    return 0 if n == 0 else deep(n - 1) + 1


def deep_float(n, x):
    if n == 0:
        return x
    return deep_float(n - 1, x + 0.5) + 1.0


for i in range(30):
    deep(i + 3)
    deep_float(i, 0.0)
print(deep(150000), deep(7), deep(100000), deep_float(60000, 0.0))


def two(n):
    def inner(m):
        return deep(m) + 1

    return inner(n) + inner(n + 1)


print(two(30000))
sys.setrecursionlimit(5000)


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


events = []


def tracer(frame, event, arg):
    if frame.f_code.co_name in ("traced", "bottom"):
        events.append((event, frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno))
    return tracer


def bottom(on):
    if on:
        sys.settrace(tracer)
        f = sys._getframe(1)
        while f is not None:
            f.f_trace = tracer
            f = f.f_back
    return 1


def traced(n, on):
    if n == 0:
        return bottom(on)
    r = traced(n - 1, on)
    return r + 1


for i in range(60):
    traced(i % 9, False)
print(traced(5, True))
sys.settrace(None)
print(events)
print(traced(5, False))


redefined = 0


def victim(n):
    return 0 if n <= 0 else victim(n - 1) + 1


def replacement(n):
    return 1000


def switches(n):
    global victim
    if n == 3:
        victim = replacement
    if n == 0:
        return 0
    return switches(n - 1) + victim(n)


for i in range(60):
    victim(i % 10)
old = victim
out = []
for i in range(40):
    victim = old
    out.append(switches(8))
print(out[0], out[-1])


def late(n):
    if n == 0:
        late.__code__ = (lambda n: 7).__code__
        return 0
    return late(n - 1) + 1


code = late.__code__
out = []
for i in range(40):
    late.__code__ = code
    out.append(late(6))
print(out)


def tak(x, y, z):
    if y < x:
        return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))
    return z


def ack(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ack(m - 1, 1)
    return ack(m - 1, ack(m, n - 1))


def hanoi(n, a, b, c):
    if n == 0:
        return 0
    return hanoi(n - 1, a, c, b) + 1 + hanoi(n - 1, c, b, a)


print(tak(10, 6, 3), ack(2, 30), hanoi(9, "a", "b", "c"), fib(16))


def defaults(n, step=1, *, unused=None):
    return 0 if n <= 0 else 1 + defaults(n - step)


def positional(n, step=2):
    return 0 if n <= 0 else 1 + positional(n - step)


print([defaults(i) for i in range(40)][-1], [positional(i) for i in range(60)][-1])


class Node:
    def __init__(self, depth):
        self.kids = [Node(depth - 1) for _ in range(2)] if depth else []
        self.value = depth

    def total(self):
        s = self.value
        for k in self.kids:
            s += k.total()
        return s


tree = Node(7)
print([tree.total() for _ in range(20)][-1])


def overflow(n):
    return 1 if n == 0 else 10 * overflow(n - 1)


print([overflow(n) for n in (3, 18, 19, 25)] * 2, sum(overflow(n % 22) for n in range(100)))
