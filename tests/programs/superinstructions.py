# native: yes
# exits: differ
"""Pairs of instructions that tier 1 does in one, in their hard cases: what dies in the middle sees the first one's effect and
line, and nothing of the second one's."""

import sys


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        frame = sys._getframe(1)
        shown = {k: v for k, v in frame.f_locals.items() if isinstance(v, (int, str, type(None)))}
        print(
            "del",
            self.name,
            frame.f_code.co_name,
            frame.f_lineno - frame.f_code.co_firstlineno,
            shown,
        )


class Truth:
    def __init__(self, value):
        self.value = value

    def __bool__(self):
        if self.value is None:
            raise ValueError("no truth")
        return self.value


class Int(int):
    def __bool__(self):
        return False


class Sized:
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n


def store_then_load(n):
    other = "other"
    for i in range(n):
        x = Noisy("s") if i == n - 2 else i
        y = x
        x = i
        x
        y = other
    return x, y


def store_then_two(n):
    a = b = 0
    for i in range(n):
        a = Noisy("t") if i == n - 2 else i
        b = [a, i]
        a = i * 1000
        b = (a, b)
        a, b
        b = None
        a = b
    return a


def store_then_constant(n):
    for i in range(n):
        x = Noisy("c") if i == n - 2 else None
        y = 5
        x = y
        x = 7
        y = "text"
    return x, y


def pop_then_load(n, make):
    for i in range(n):
        make(i)
        i
        make(i + 1)
        if i < 0:
            return None
    make(n)
    return None


def conditions(values):
    said = []
    for value in values:
        if value:
            said.append(1)
        else:
            said.append(0)
        if not value:
            said.append(2)
        while value:
            said.append(3)
            break
        said.append(4 if value and said else 5)
    return said


def conditions_of_temporaries(makers):
    said = []
    for make in makers:
        if make():
            said.append(1)
        if not make():
            said.append(2)
    return said


def loops(items, n):
    x = None
    for i in range(n):
        for x in items():
            pass
        for x in [Noisy(f"l{i}"), 2, 3] if i == n - 1 else (i, None):
            continue
    return x


def grows(n):
    items = [0]
    for x in items:
        if len(items) < n:
            items.append(x + 300)
        x = x
    return x, len(items)


def closures(n):
    cell = 1

    def inner(a):
        return cell, a

    for i in range(n):
        inner(i)
    del cell
    try:
        inner(1)
    except NameError as e:
        print(
            type(e).__name__, e, e.__traceback__.tb_next.tb_lineno - inner.__code__.co_firstlineno
        )


value = 10


def globals_and_builtins(n):
    total = 0
    for i in range(n):
        total += value + len((i,)) + abs(i)
    return total


def missing(n):
    for i in range(n):
        try:
            absent + i  # noqa: B018, F821
        except NameError as e:
            last = e
    return str(last), last.__traceback__.tb_lineno - missing.__code__.co_firstlineno


def identity(x):
    return x


def nothing(x):
    x


def deep(n):
    if n:
        return deep(n - 1)
    return n


def main():
    global value
    print(store_then_load(100))
    print(store_then_two(100))
    print(store_then_constant(100))
    print(pop_then_load(60, lambda i: Noisy(f"p{i}") if i >= 59 else i * 1000))
    plain = [
        0,
        1,
        True,
        False,
        None,
        [],
        [0],
        (),
        (0,),
        "",
        "a",
        10**30,
        -(10**30),
        0.0,
        1.5,
        {},
        {1: 2},
        set(),
        {1},
        b"",
        b"x",
    ]
    print(conditions(plain * 8))
    print(
        conditions([Truth(True), Truth(False), Int(3), Sized(0), Sized(2), object(), identity] * 20)
    )
    try:
        conditions([1] * 50 + [Truth(None)])
    except ValueError as e:
        print(e, e.__traceback__.tb_next.tb_lineno - conditions.__code__.co_firstlineno)
    print(
        conditions_of_temporaries(
            [
                list,
                dict,
                lambda: [Noisy("in a list")],
                lambda: Noisy("itself"),
                lambda: 10**20,
                lambda: "ab" * 3,
                object,
            ]
            * 9
        )
    )
    print(
        loops(lambda: [1, 2, 3], 50),
        loops(lambda: (1, 2, 3), 50),
        loops(lambda: [], 50),
        loops(lambda: iter("ab"), 50),
    )
    print(grows(200))
    closures(100)
    print(globals_and_builtins(100))
    value = "text"
    try:
        globals_and_builtins(5)
    except TypeError as e:
        print(e)
    value = 3
    globals()["len"] = lambda x: 100
    print(globals_and_builtins(100))
    del globals()["len"]
    print(globals_and_builtins(100))
    print(missing(100))
    for i in range(200):
        identity(i)
        nothing(i)
    print(identity(Noisy("returned")) is None, nothing(Noisy("argument")))
    print(deep(50))
    try:
        deep(10**6)
    except RecursionError as e:
        print(e)
    print([deep(3) for _ in range(100)] == [0] * 100)


main()


def unpacks(pairs, n):
    a = b = 0
    for i in range(n):
        for a, b in pairs:
            pass
        a, b = b, a
        a, b = [i * 1000, i]
        a, b = (Noisy(f"u{i}"), i) if i == n - 2 else (i, i)
        same = (a, b)
        a, b = same
    a = b = Noisy("both")
    a, b = pairs[0]
    a = Noisy("first")
    b = Noisy("second")
    a, b = pairs[0]
    (a, a) = pairs[0]
    return a, b


def adds(items, n):
    for i in range(n):
        items[i % 3] += i
        items[-1] -= 1
    return items


def while_true(n):
    i = 0
    while True:
        i += 1
        if i > n:
            return i


def long_loop(items):
    total = 0
    for x in items:
        total += x
        if total > 0:
            total += (
                (1 if x else 2) + (3 if x > 1 else 4) + (5 if x > 2 else 6) + (7 if x > 3 else 8)
            )
            total += (
                (1 if x else 2) + (3 if x > 1 else 4) + (5 if x > 2 else 6) + (7 if x > 3 else 8)
            )
            total += (
                (1 if x else 2) + (3 if x > 1 else 4) + (5 if x > 2 else 6) + (7 if x > 3 else 8)
            )
            total += (
                (1 if x else 2) + (3 if x > 1 else 4) + (5 if x > 2 else 6) + (7 if x > 3 else 8)
            )
            total += (
                (1 if x else 2) + (3 if x > 1 else 4) + (5 if x > 2 else 6) + (7 if x > 3 else 8)
            )
            total += (
                (1 if x else 2) + (3 if x > 1 else 4) + (5 if x > 2 else 6) + (7 if x > 3 else 8)
            )
            total += (
                (1 if x else 2) + (3 if x > 1 else 4) + (5 if x > 2 else 6) + (7 if x > 3 else 8)
            )
    return total


print(unpacks([(1, 2), [3, 4], (5.5, "x")], 100))
print(unpacks([(1000, 2.5), (None, 10**30)], 100))
print(adds([0, 1.5, 10**20], 100), while_true(300), long_loop(list(range(300))))
for wrong in ([(1, 2, 3)], [5], [(1,)]):
    try:
        unpacks([(1, 2)] * 50 + wrong, 1)
    except (TypeError, ValueError) as e:
        print(
            type(e).__name__, e, e.__traceback__.tb_next.tb_lineno - unpacks.__code__.co_firstlineno
        )
