# Lists, tuples, sets and numbers handled by direct calls; what is in them dies, compares and changes under the loop.
# native: yes

import math
import sys

log = []


class Noisy:
    def __init__(self, n):
        self.n = n

    def __del__(self):
        log.append((self.n, sys._getframe(1).f_code.co_name))

    def __eq__(self, other):
        log.append(("eq", self.n))
        return isinstance(other, Noisy) and self.n == other.n

    def __lt__(self, other):
        log.append(("lt", self.n))
        return self.n < other.n

    __hash__ = None


def stack(n):
    s = []
    out = 0
    for i in range(n):
        s.append(i)
        s.append((i, str(i)))
        if i % 3 == 2:
            pair = s.pop()
            out += pair[0] + s.pop() + len(str(s.pop(0 if i % 2 else -2)))
            s.extend([1, 2] if i % 4 else (3,))
            s.pop()
        if i % 3 == 2 and len(s) > 40:
            s.clear()
    return out, len(s)


def pop_empty(n):
    s = [0] * (n - 1)
    for i in range(n):
        try:
            s.pop()
        except IndexError as e:
            return i, str(e)


def dying(n):
    """A list that held nothing special for long dies with something that notices."""
    t = None
    for i in range(n):
        t = [i, Noisy(i)] if i >= n - 3 else [i, "x"]
        u = (i, t)
    return u[0]


def popped(n):
    s = [Noisy(i) if i % 100 == 0 else i for i in range(n)]
    for i in range(n):
        s.pop()
        x = i
    return x, len(log)


def searches(n, mixed):
    hits = 0
    for i in range(n):
        if i == n - 6:
            mixed[2] = Noisy(1)
        if i % 7 in mixed:
            hits += 1
        if "x" in mixed:
            hits += 10
        if i % 7 in (1, 2, "three", None):
            hits += 100
        if (i % 2, 1) == (0, 1):
            hits += 1000
        if mixed[0] == mixed[1]:
            hits += 10000
    return hits


def slices(n):
    xs = list(range(20))
    t = tuple(xs)
    b = bytes(xs)
    out = []
    same = 0
    for i in range(n):
        a, z = i % 23 - 11, i % 29 - 12
        out.append((xs[a:z], t[a:z], b[a:z], xs[:z], t[a:], b[-3:], b[i % 20]))
        same += (t[:] is t) + (b[:] is b) + (xs[:] is xs)
    return out[7], out[-3:], same


def aggregates(n, special):
    out = []
    for i in range(n):
        xs = [i, i % 7, -i]
        if i >= n - 3:
            xs.append(special)
        try:
            out.append((sum(xs), min(xs), max(xs), sorted(xs), any(xs), all(xs), xs.count(0), xs + [1], xs * 2))
        except TypeError as e:
            out.append(str(e))
    return out[-4:]


def numbers(n):
    total = 0.0
    out = []
    for i in range(n):
        x = i / 7 - 20
        total += abs(x) + min(x, 1.5) + max(i, 3) + math.sin(x) + math.exp(x / 10) + math.floor(x) + int(x)
        total += float(i) + round(x, 1) + abs(-i) + math.atan2(x, 2) + float("1.5") + int("12")
        try:
            out.append(math.log(x))
        except ValueError as e:
            out.append(str(e))
        try:
            math.exp(x * 100)
        except OverflowError as e:
            out.append(str(e))
    return repr(total), out[:2], out[-2:]


def big_texts(n):
    out = []
    for i in range(n):
        x = i * 1.5e17
        out.append(int(x) if i % 2 else int(-x))
        try:
            int(float("nan") if i == n - 2 else float("inf") if i == n - 1 else x)
        except (ValueError, OverflowError) as e:
            out.append(str(e))
    return out[-6:]


def checks(n, values):
    out = 0
    for i in range(n):
        v = values[i % len(values)]
        out += isinstance(v, int) + 10 * isinstance(v, str) + 100 * isinstance(v, Noisy) + 1000 * isinstance(v, (int, str))
        out += bool(v is None) + (10000 if v else 0)
    return out


class Claims:
    __class__ = int


class Proxy:
    def __getattribute__(self, name):
        log.append(name)
        return str if name == "__class__" else object.__getattribute__(self, name)


class Meta(type):
    def __instancecheck__(cls, x):
        log.append("instancecheck")
        return True


class Odd(metaclass=Meta):
    pass


def odd(n, x):
    hits = 0
    for i in range(n):
        hits += isinstance(i, Odd)
        if i >= n - 3:
            hits += isinstance(x, str)
    return hits


def nan_equal(n):
    nan = float("nan")
    t = (nan, 1)
    values = [None, "s", nan, t, 10**30]
    out = []
    for i in range(n):
        v = values[i % 5]
        w = values[i // 2 % 5]
        out.append((v == v, v != v, v == w, v in values, v == None))
    return out[-10:]


def same_objects(n):
    xs = [object(), 10**20, "text", 1.5]
    count = 0
    for i in range(n):
        a, b = xs[1], xs[3]
        t = (a, b, xs[2])
        u = [a, b]
        count += (t[0] is a) + (u[1] is b) + (max(a, 1) is a) + (str(t[2]) is xs[2]) + (float(b) is b) + (int(a) is a)
    return count


print(stack(600))
print(pop_empty(600))
print(dying(600), log)
log.clear()
print(popped(600))
log.clear()
print(searches(600, [5, 6, 7, "y"]), log)
log.clear()
print(slices(600))
for special in (5, 2.5, "s", None, 10**25):
    print(aggregates(600, special))
print(aggregates(600, Noisy(0))[0], len(log) > 0)
print(numbers(600))
print(big_texts(600))
print(checks(600, [1, "", "s", None, True, 2.5, Noisy(3), Claims()]))
log.clear()
print(odd(600, Proxy()), len(log), log[-4:])
print(nan_equal(600))
print(same_objects(600))


def left_early(n):
    """Iterators and views die exhausted, in the middle, and while their container lives or dies with them."""
    d = {"a": 1, "b": 2}
    total = 0
    for i in range(n):
        for c in "abc"[: i % 4] + str(i):
            if c == "b":
                break
            total += 1
        for b in b"xyz":
            total += b
            if i % 3 == 0:
                break
        for k in d:
            total += d[k]
        for k, v in d.items():
            if v > i % 2:
                break
        for v in dict.fromkeys(range(i % 3), Noisy(i) if i >= n - 2 else 5).values():
            total += v == 5
            break
        for x in {i % 5, 7}:
            total += x
        total += len(d.keys()) + (2 in d.values())
    return total


log.clear()
print(left_early(600), log)
