# Compiled code is invalidated while it runs, on several levels, and other code takes its place before it goes on.
# native: yes
import gc

LIMIT = 300


def fresh(k):
    """New code, compiled and soon dead."""
    space = {"total": 0}
    source = f"""
def turn(n, m):
    s = {k}
    for i in range(n):
        for j in range(m):
            s += i * j if i % 3 else j
        if i % 5 == 4:
            s -= helper(i)
    return s
def helper(x):
    t = 0
    for q in range(4):
        t += q * x
    return t
total = turn(40, 5)
"""
    exec(compile(source, f"<fresh {k % 3}>", "exec"), space)
    return space["total"]


scale = 1
shift = 0


def disturb(i):
    """Changes what the callers rely on, and fills what they give up."""
    global scale, shift
    scale += 1
    shift = -i
    out = 0
    for k in range(12):
        out += fresh(i + k)
    gc.collect()
    return out % 1000


def nothing(i):
    return i % 3


def loop(n, call):
    total = 0
    for i in range(n):
        for j in range(3):
            total += scale * j + shift
        total += call[i % len(call)](i)
        if i % 7 == 3:
            total ^= i
    return total


def outer(n, call):
    total = 0
    for i in range(n):
        total += loop(4, call) + scale
        if total > 10**12:
            total -= 10**12
    return total


def recursive(n, call):
    """Native calls are in flight when their code is invalidated."""
    if n < 2:
        return call(n) + scale
    return recursive(n - 1, call) + recursive(n - 2, call) + shift


def generator(n, call):
    for i in range(n):
        yield scale * i + call(i)


def consuming(n, call):
    total = 0
    for x in generator(n, call):
        total += x + shift
    return total


class Dying:
    """Its death, in the middle of a loop, disturbs."""

    def __init__(self, i):
        self.i = i

    def __del__(self):
        global result
        result += disturb(self.i)


result = 0


def deaths(n):
    total = 0
    kept = Dying(0)
    for i in range(n):
        total += scale + i
        if i % 90 == 89:
            kept = Dying(i)
    return total


def raising(n, call):
    total = caught = 0
    for i in range(n):
        try:
            for j in range(3):
                total += scale // (j - (2 if i % 50 == 49 else 7)) + call(i)
        except ZeroDivisionError as e:
            caught += e.__traceback__.tb_lineno - raising.__code__.co_firstlineno
            total += disturb(i)
    return total, caught


def suspended(count):
    """Activations that end in another order than they began: generators with their loops half done."""
    running = [generator(LIMIT, nothing) for _ in range(count)]
    total = 0
    for i in range(LIMIT):
        for g in running:
            total += next(g)
        if i % 100 == 60:
            total += disturb(i)
            running.pop(0)
    return total


calls = [nothing] * 60 + [disturb]
print(loop(LIMIT, calls))
print(outer(LIMIT // 4, [nothing] * 3 + [disturb]))
for depth in range(6, 12):
    print(recursive(depth, nothing), recursive(4, disturb), recursive(depth, nothing))
print(consuming(LIMIT, nothing))
print(consuming(LIMIT, lambda i: disturb(i) if i % 80 == 79 else 1))
print(deaths(LIMIT), result)
print(raising(LIMIT, nothing))
print(suspended(5))
seen = []
for _ in range(LIMIT):
    # The same place again and again, with other assumptions.
    scale = len(seen) % 3
    seen.append(loop(6, [nothing]))
print(sum(seen), scale)
