# A callee writes the loop's variables through sys._getframe(1).f_locals (PEP 667): ints, floats, new types, cells.
# native: yes

import sys


def poke(name, value):
    sys._getframe(1).f_locals[name] = value


def ints(n):
    s = 0
    for i in range(n):
        if i == 400:
            poke("s", 10**6)
        if i == 500:
            poke("i", -1)
        s += i
    return s


def floats(n):
    x = 1.0
    y = 0.5
    for i in range(n):
        x = x * 0.99 + y
        if i == 400:
            poke("y", 2.5)
        if i == 600:
            poke("x", 1 << 70)
    return x, y


def while_counter(n):
    i = 0
    turns = 0
    while i < n:
        i += 1
        turns += 1
        if turns == 300:
            poke("i", n - 100)
    return i, turns


def new_type(n):
    s = 0
    log = []
    for i in range(n):
        if i == 300:
            poke("s", "text")
        try:
            s += i
        except TypeError as error:
            log.append(str(error))
            s = 0.5
    return s, log


def every_hundredth(n):
    a, b = 0, 1.0
    for i in range(n):
        a += 1
        b += 0.5
        if i % 100 == 99:
            frame_locals = sys._getframe().f_locals
            frame_locals["a"], frame_locals["b"] = frame_locals["b"], frame_locals["a"]
    return a, b


def cell_variable(n):
    total = 0

    def add(k):
        nonlocal total
        total += k

    for i in range(n):
        add(i)
        if i == 350:
            poke("total", -5)
    return total


def extra_names(n):
    s = 0
    for i in range(n):
        poke("not_a_local", i)
        s += sys._getframe().f_locals["not_a_local"]
    return s, "not_a_local" in locals()


def list_replaced(n):
    lst = [1] * 10
    s = 0
    for i in range(n):
        s += lst[i % 10]
        if i == 300:
            poke("lst", tuple(range(10)))
        if i == 600:
            poke("lst", [0.5] * 10)
    return s, lst


def grandparent(n):
    """Written from two levels down, through a callee that would be inlined."""

    def middle(i):
        local = i * 2
        if i == 333:
            deep()
        return local

    def deep():
        sys._getframe(1).f_locals["local"] = -1000
        sys._getframe(2).f_locals["s"] = 0.125

    s = 0
    for i in range(n):
        s += middle(i)
    return s


def argument_rewritten(n):
    def callee(i, k):
        poke("k", k + i) if i % 7 == 0 else None
        return k

    return sum(callee(i, 1) for i in range(n))


for f in (
    ints,
    floats,
    while_counter,
    new_type,
    every_hundredth,
    cell_variable,
    extra_names,
    list_replaced,
    grandparent,
    argument_rewritten,
):
    print(f.__name__, f(900))
