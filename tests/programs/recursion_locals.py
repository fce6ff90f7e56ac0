# Function traces whose variables are unbound at first, on some paths, or die at the return; data-stack chunks.
# native: yes
import sys


def branches(n):
    if n % 3 == 0:
        a = n
    elif n % 3 == 1:
        b = n + 0.5
    else:
        c = [n]
    if n == 0:
        return 0
    r = branches(n - 1)
    try:
        return r + a
    except UnboundLocalError as e:
        assert "'a'" in str(e), e
    try:
        return r + b
    except UnboundLocalError as e:
        assert "'b'" in str(e), e
    return r + c[0]


print([branches(n % 20) for n in range(120)][-20:])


def late(n):
    if n > 2:
        x = n * 2
    r = late(n - 1) if n else 0
    if n > 2:
        x = x + r
        return x
    return r


print([late(n % 13) for n in range(120)][-13:])


class Dying:
    def __init__(self, name, log):
        self.name = name
        self.log = log

    def __del__(self):
        self.log.append((self.name, sys._getframe(1).f_code.co_name))


def order(n, log):
    first = Dying((n, 1), log)
    second = Dying((n, 2), log)
    first, second = second, first
    third = first
    if n == 0:
        return None
    order(n - 1, log)
    if n == 2:
        del third
    second = None
    return n


log = []
for i in range(40):
    log.clear()
    order(3, log)
print(log)


def holds(n, keep):
    x = [n]
    y = (x, n)
    if n == 0:
        keep.append(y)
        return y
    z = holds(n - 1, keep)
    keep.append(z)
    return y


keep = []
for i in range(50):
    keep.clear()
    holds(4, keep)
print(keep, sys.getrefcount(keep[0]), sys.getrefcount(keep[-1][0]))


def loops(n):
    total = 0
    for i in range(n):
        for j in range(2):
            total += i * j
    if n > 3:
        for k in range(2):
            total += loops(n - 2)
    return total


print([loops(n % 11) for n in range(80)][-11:])


def swap(items, k, out):
    if k == len(items):
        out.append(items[0] * 10 + items[-1])
        return
    for i in range(k, len(items)):
        items[k], items[i] = items[i], items[k]
        swap(items, k + 1, out)
        items[k], items[i] = items[i], items[k]


out = []
swap([1, 2, 3, 4, 5], 0, out)
print(len(out), sum(out), out[:20])


def many(a, b, c, d, e, f, g, h):
    i = a + b
    j = c + d
    k = e + f
    m = g + h
    if a == 0:
        return i + j + k + m
    r = many(a - 1, b + 1, c, d * 0.5, e, f, g, h)
    return r + i - j + k - m


print([many(n % 30, 1, 2, 3.0, 4, 5.5, 6, 7) for n in range(90)][-3:])


# Frames of many sizes, so that chunks of the data stack end anywhere; deeper and deeper.
def even(n):
    return True if n == 0 else odd(n - 1)


def odd(n):
    pad1 = pad2 = pad3 = pad4 = pad5 = n
    return False if n == 0 else even(n - 1) and pad1 == pad5


def ack(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ack(m - 1, 1)
    return ack(m - 1, ack(m, n - 1))


def three(n):
    return n if n < 3 else 1 + two(n - 1)


def two(n):
    x = n + 1
    return 1 + one(x - 2)


def one(n):
    y, z = n, n
    return 1 + three(y + z - n - 1)


print([even(n) for n in range(0, 400, 7)].count(True), [ack(2, n) for n in range(60)][-1])
print([three(n) for n in range(3, 500, 3)][-5:])


def deepest(n):
    if n == 0:
        f = sys._getframe()
        names = 0
        while f is not None:
            names += f.f_code.co_name in ("deepest", "via")
            f = f.f_back
        return names
    return via(n - 1)


def via(n):
    return deepest(n)


print({deepest(n) - n for n in range(0, 200, 3)}, [deepest(n) for n in range(150, 200, 10)])


def boom(n):
    if n == 0:
        raise KeyError(n)
    return 1 + bang(n - 1)


def bang(n):
    try:
        return boom(n)
    finally:
        counts[0] += 1


counts = [0]
for n in range(0, 300, 3):
    try:
        boom(n)
    except KeyError as e:
        tb, depth = e.__traceback__, 0
        while tb is not None:
            tb, depth = tb.tb_next, depth + 1
        counts.append(depth)
print(counts[0], counts[-3:])


def frames_grow(n, log):
    value = n + 0.25
    if n % 50 == 0:
        log.append(sys._getframe(1).f_locals.get("value"))
    if n == 0:
        return value
    return frames_grow(n - 1, log) + value


for n in range(30):
    log = []
    result = frames_grow(290, log)
print(result, log)


def generator_inside(n):
    def g():
        for i in range(3):
            yield i + n

    return sum(g()) + (generator_inside(n - 1) if n else 0)


print([generator_inside(n) for n in range(25)][-3:])


def infinite(n):
    return infinite(n + 1)


for i in range(20):
    try:
        infinite(0)
    except RecursionError as e:
        message = str(e)
print(message)


# Results change their kind on the way up, through inlined frames, at every depth a chunk may end at.
def upper(n):
    if n == 0:
        return 10**6
    return lower(n - 1) + 1


def lower(n):
    result = upper(n)
    if n % 37 == 36:
        return result + 0.25 if isinstance(result, int) else int(result)
    if n % 53 == 52:
        return str(result) if n > 200 else result
    return result


def kinds(n):
    try:
        return upper(n)
    except TypeError as e:
        return str(e)


print([kinds(n) for n in range(0, 330, 3)][::9])
