# Recursion that is looked at: frames, locals and exceptions of callers that are native calls.
# native: yes
import sys
import traceback


def peek(depth):
    f = sys._getframe(1)
    out = []
    while f is not None and len(out) < depth:
        out.append((f.f_code.co_name, f.f_lineno, sorted(f.f_locals.items(), key=lambda kv: kv[0])))
        f = f.f_back
        if f is not None and f.f_code.co_name == "<module>":
            break
    return out


def down(n, acc):
    x = n * 3
    y = acc + 0.5
    if n == 0:
        shown.append(peek(3))
        return x
    r = down(n - 1, acc + n)
    return r + x


shown = []
for i in range(40):
    down(i % 7, i)
for s in shown[::13]:
    print(s)


def write(n):
    a = n + 1000
    b = n * 2
    if n == 0:
        f = sys._getframe(0)
        for _ in range(3):
            f = f.f_back
            f.f_locals["b"] = f.f_locals["a"] * 10
        return 0
    r = write(n - 1)
    return r + a + b


print([write(3 + i % 4) for i in range(60)][::7])


def read_only(n):
    a = n + 1000
    if n == 0:
        return sys._getframe(2).f_locals["a"] + sys._getframe(3).f_lineno * 0
    r = read_only(n - 1)
    return r + a


print([read_only(3 + i % 4) for i in range(60)][::7])


def identity(n, seen):
    a = n + 100000
    if n == 0:
        f = sys._getframe(1)
        seen.append(f.f_locals["a"])
        return 1
    r = identity(n - 1, seen)
    if n == 1:
        r += seen[-1] is a
    return r


print(sum(identity(3, []) for _ in range(50)))


class Boom(Exception):
    pass


def fail(n):
    try:
        if n == 0:
            raise Boom("bottom")
        v = fail(n - 1)
        return v + 1
    except Boom as e:
        if n % 3 == 2:
            raise ValueError(n) from e
        raise


def report(f, *args):
    try:
        return f(*args)
    except Exception as e:
        lines = traceback.format_exception(e)
        return "".join(line for line in lines if "^^^" not in line)


for i in range(30):
    text = report(fail, i % 6)
    if i > 24:
        print(text.replace(__file__, "FILE"))


def raise_plain(n):
    if n == 0:
        return 1 // (n - len(shown) + len(shown))
    return raise_plain(n - 1) + n


for i in range(30):
    text = report(raise_plain, i % 5)
print(text.replace(__file__, "FILE"))


def even(n):
    if n == 0:
        return True
    return odd(n - 1)


def odd(n):
    if n == 0:
        return False
    return even(n - 1)


print([even(n) for n in range(30)], even(400), odd(401))


def gen(n):
    if n:
        yield n
        yield from gen(n - 1)


def through_generator(n):
    total = 0
    for v in gen(n):
        total += v
    if n > 0:
        return total + through_generator(n - 1)
    return total


print([through_generator(n) for n in range(25)])


class Noisy:
    def __init__(self, log, n):
        self.log = log
        self.n = n

    def __del__(self):
        f = sys._getframe(1)
        self.log.append((self.n, f.f_code.co_name))


def owns(n, log):
    thing = Noisy(log, n)
    if n == 0:
        return 0
    return owns(n - 1, log) + 1


def drops(thing, n):
    if n == 0:
        return len(thing.log)
    thing = Noisy(thing.log, -n)
    return drops(thing, n - 1)


log = []
for i in range(40):
    owns(i % 5, log)
    drops(Noisy(log, 99), i % 4)
print(len(log), log[-30:])


def counts(obj, n):
    if n == 0:
        return sys.getrefcount(obj)
    return counts(obj, n - 1)


def counts_owned(obj, n):
    obj2 = [obj]
    if n == 0:
        return sys.getrefcount(obj) + 100 * sys.getrefcount(obj2)
    return counts_owned(obj2, n - 1)


thing = object()
print({counts(thing, 5) for _ in range(200)}, {counts_owned(thing, 5) for _ in range(200)})


def mixed(n):
    if n % 5 == 0:
        return n
    if n % 5 == 1:
        return n + 0.5
    if n % 5 == 2:
        return None
    r = mixed(n - 1)
    return (n, r) if r is None else r


print([mixed(n) for n in range(60)])


def same(x, n):
    if n == 0:
        return x
    return same(x, n - 1)


big = [10**6 + i for i in range(5)]
print(all(same(b, 6) is b for b in big * 30), all(same(f, 4) is f for f in [0.1, 0.2] * 30))


def passes_local(n):
    m = n + 10**6
    return m if n == 0 else (check(m, m) and passes_local(n - 1))


def check(a, b):
    return a is b and nested(a, b, 2)


def nested(a, b, n):
    if n == 0:
        return a is b
    return nested(a, b, n - 1)


print([bool(passes_local(5)) for _ in range(40)].count(True))
