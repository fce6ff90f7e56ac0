# Ranges and their iterators that native code never makes: wherever it is left they must be there as if it had.
# native: yes
import gc
import sys

BIG = 2**63


def nest(n, m):
    total = 0
    for i in range(n):
        for j in range(m):
            total += i * j
    return total, i, j


def triangle(n):
    total = rounds = 0
    for i in range(n):
        for j in range(i):
            total += i - j
            rounds += 1
    return total, rounds


def three_deep(n):
    out = [[0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            s = 0
            for k in range(n):
                s += (i + k) * (k - j)
            out[i][j] = s
    return out[n // 2][:5], sum(map(sum, out))


def same_bounds(n):
    """Two iterators with equal fields, which are not one."""
    total = 0
    for i in range(n):
        for j in range(n):
            total += i - 2 * j
            if j == i + 1:
                break
        for k in range(n):
            if k > i:
                break
            total += k
    return total


def breaks_and_elses(n):
    log = []
    total = 0
    for i in range(n):
        for j in range(2, 9):
            if i % j == 3:
                continue
            if (i + j) % 97 == 0:
                log.append((i, j))
                break
            total += j
        else:
            total += 1000
        if i % 211 == 210:
            continue
        total -= 1
    else:
        log.append("end")
    return total, log[:5], log[-3:]


def steps(n):
    """A sieve's inner range, whose step changes; and steps down."""
    flags = [True] * n
    for i in range(2, int(n**0.5) + 1):
        if flags[i]:
            for j in range(i * i, n, i):
                flags[j] = False
    down = 0
    for i in range(n, 0, -1):
        for j in range(i, i - 30, -7):
            down += j * i
        for j in range(5, i % 11 - 3, -1 - i % 3):
            down -= j
    return sum(flags), down


def sign_changes(n):
    seen = []
    for i in range(n):
        k = 0
        for j in range(0, 10 - i % 20, 1 if i % 2 else 3):
            k += j
        for j in range(10, i % 20, -1 if i % 3 else -4):
            k -= j
        for j in range(3, 7, 1 if i % 5 else -1):
            k += j * 100
        seen.append(k)
    return sum(seen), seen[:8], seen[-4:]


def edges(n):
    """Bounds at the ends of 64 bits: some of these iterators count in objects."""
    total = []
    bounds = [
        (BIG - 5, BIG - 1, 1),
        (BIG - 5, BIG, 1),
        (BIG - 9, BIG - 1, 3),
        (BIG - 10, BIG - 1, 4),
        (-BIG, -BIG + 4, 1),
        (-BIG + 3, -BIG, -1),
        (-BIG + 8, -BIG, -3),
        (-BIG + 8, -BIG - 1, -3),
        (-BIG, BIG - 1, BIG // 2),
        (BIG - 1, -BIG, -(BIG // 2)),
        (0, BIG - 1, BIG - 1),
        (5, 5, -BIG),
        (5, 2, -BIG),
        (0, 3, BIG),
        (1, 0, 1),
    ]
    for i in range(n):
        start, stop, step = bounds[i % len(bounds)]
        if i % 50 > 40:
            start, stop, step = i, i + 4, 1
        k = 0
        for j in range(start, stop, step):
            k += j % 1000
            if k > 5000:
                break
        total.append(k)
    return sum(total), total[:15], total[-15:]


def edge(start, stop, step):
    last = None
    for last in range(start, stop, step):
        pass
    return last


def each_edge(n):
    """As `edges`, with a loop compiled for each of them."""
    out = []
    for start, stop in ((BIG - 4, BIG - 1), (BIG - 4, BIG), (3, 3), (-BIG, -BIG + 3)):
        for _ in range(n):
            last = edge(start, stop, 1)
        out.append(last)
    return out


def arguments(n):
    class Index:
        def __index__(self):
            return 4

    class Int(int):
        pass

    total = 0
    wrong = []
    for i in range(n):
        what = True if i % 100 == 98 else Int(3) if i % 100 == 97 else Index() if i % 100 == 96 else 3
        if i == n - 60:
            what = 2.0
        if i == n - 40:
            what = "x"
        try:
            for j in range(what):
                total += i + j
            for j in range(0, what, 0 if i == n - 20 else 2):
                total += j
        except (TypeError, ValueError) as e:
            wrong.append((i, type(e).__name__, str(e), e.__traceback__.tb_lineno - arguments.__code__.co_firstlineno))
    return total, wrong


class Odd(Exception):
    pass


def raising(n):
    caught = []
    total = 0
    for i in range(n):
        try:
            for j in range(i % 13):
                total += 7 // (j - 11)
                if (i * j) % 389 == 388:
                    raise Odd(i, j)
        except ZeroDivisionError as e:
            caught.append((i, j, e.__traceback__.tb_lineno - raising.__code__.co_firstlineno))
        except Odd as e:
            caught.append(e.args)
    return total, caught[:6], len(caught)


def stacks(generator):
    names = ("range_iterator", "longrange_iterator")
    return [o.__reduce__()[1] for o in gc.get_referents(generator) if type(o).__name__ in names]


def pairs(n, m):
    for i in range(n):
        for j in range(1, m, 2):
            yield i * j


def generators(n):
    """Suspended within two loops; its iterators can be seen then."""
    g = pairs(n, 8)
    seen = []
    total = 0
    for x in g:
        total += x
        if x % 701 == 700:
            seen.append(stacks(g))
    by_c = sum(pairs(n, 6))
    h = pairs(n, 5)
    for _ in range(n):
        next(h)
    return total, seen[:3], by_c, stacks(h), next(h)


def running(n, box):
    for i in range(n):
        for j in range(3):
            if i % 83 == 40:
                box.append(stacks(box[0]))
            yield i + j


def seen_while_running(n):
    box = []
    g = running(n, box)
    box.append(g)
    total = sum(x for x in g)
    return total, box[1:6], len(box)


def stolen_from(n, box):
    """A callee takes items from iterators on the stack of the generator that called it."""
    for i in range(n):
        for j in range(6):
            if (i + j) % 59 == 50:
                for o in gc.get_referents(box[0]):
                    if type(o).__name__ == "range_iterator":
                        next(o, None)
            yield i * 10 + j


def stolen(n):
    box = []
    g = stolen_from(n, box)
    box.append(g)
    return sum(g)


def opaque(i, j):
    """Everything that sees the frames above."""
    f = sys._getframe(1)
    found = [type(o).__name__ for o in gc.get_referents(f)]
    return f.f_locals["i"] + f.f_lineno - f.f_code.co_firstlineno + ("range_iterator" in found)


def escapes(n):
    call = [opaque]
    total = 0
    for i in range(n):
        for j in range(4):
            total += call[0](i, j) if (i + j) % 5 == 0 else j
    return total


def rebinds(n):
    """The name `range` means something else for a while."""
    global range
    real = range
    total = 0
    for i in range(n):
        for j in range(4):
            total += j
        if i == n - 300:
            range = lambda k: [100] * k
        if i == n - 290:
            del range
    assert range is real
    return total


def comprehensions(n):
    a = [j * 2 for i in range(n) for j in range(i % 4)]
    b = {i: [j for j in range(3) if j != i % 3] for i in range(n)}
    c = sum(i * j for i in range(n) for j in range(2, 5))
    d = list(zip(range(n), (k for k in range(3, n))))
    return sum(a), len(a), sum(map(sum, b.values())), c, d[-1]


def count_down(k, width):
    total = 0
    for i in range(width):
        for j in range(2):
            if k:
                total += count_down(k - 1, width - 1) + i * j
            else:
                total += 1
    return total


def look(k):
    if k == 0:
        f = sys._getframe(1)
        depth = 0
        while f is not None and f.f_code.co_name == "recursing":
            depth = depth * 3 + f.f_locals["i"] + f.f_locals["j"]
            f = f.f_back
        return depth
    return 0


def recursing(k, n):
    """The callers' iterators wait for a recursion, at whose end somebody looks, or raises."""
    total = 0
    for i in range(2):
        for j in range(i, 2):
            total += recursing(k - 1, n) if k else look(n % 7) + 1
            if k == 0 and n % 31 == 30:
                raise Odd(i, j)
    return total


def recursions(n):
    total = errors = 0
    for i in range(n):
        try:
            total += recursing(3, i)
        except Odd as e:
            errors += 1
            tb, levels = e.__traceback__, 0
            while tb is not None:
                levels, tb = levels + tb.tb_lineno - recursions.__code__.co_firstlineno, tb.tb_next
            errors += levels
    return total, errors, count_down(4, 6)


def traced(n):
    events = []

    def local(frame, event, arg):
        if len(events) < 40:
            events.append((event, frame.f_lineno - frame.f_code.co_firstlineno, frame.f_locals.get("j")))
        return local

    def body():
        total = 0
        for i in range(n):
            for j in range(3):
                total += j
                if i == n - 9 and j == 1:
                    sys._getframe().f_trace = local
                    sys.settrace(lambda *a: None)
            if i == n - 6:
                sys.settrace(None)
        return total

    return body(), events


def kept(n):
    """Ranges and iterators that are used for more than a loop are objects."""
    ranges = []
    total = 0
    for i in range(n):
        r = range(i, i + 3)
        for j in r:
            total += j
        it = iter(range(5))
        for j in it:
            if j == 2:
                break
        total += sum(it) + len(r) + (i in r)
        if i % 300 == 0:
            ranges.append((r, it.__length_hint__()))
    return total, ranges


for f, sizes in (
    (lambda n: nest(n, 7), (400, 1000)),
    (lambda n: nest(n, 300), (5, 20)),
    (triangle, (60, 90)),
    (three_deep, (9, 15)),
    (same_bounds, (70,)),
    (breaks_and_elses, (900,)),
    (steps, (1500, 1501)),
    (sign_changes, (700,)),
    (edges, (900,)),
    (each_edge, (400,)),
    (arguments, (700,)),
    (raising, (900,)),
    (generators, (600,)),
    (seen_while_running, (500,)),
    (stolen, (500,)),
    (escapes, (500,)),
    (rebinds, (900,)),
    (comprehensions, (600,)),
    (recursions, (300,)),
    (traced, (600,)),
    (kept, (700,)),
):
    for n in sizes:
        print(f.__name__, n, f(n))
