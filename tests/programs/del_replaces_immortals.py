# Stores whose old value is None, a small int or a string while recording, and an object that dies later.
# native: yes

log = []


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        log.append(self.name)


class Holder:
    def __init__(self):
        self.item = None


class Slotted:
    __slots__ = ("item",)

    def __init__(self):
        self.item = None


def local(n, first):
    x = first
    for i in range(n):
        if i % 3 == 1:
            x = Noisy(i)


def local_reset(n, first):
    x = first
    for i in range(n):
        x = first
        if i % 4 != 3:
            x = Noisy(i)
        if i % 7 == 0:
            x = i


def attribute(n, first):
    h = Holder()
    h.item = first
    for i in range(n):
        if i % 3 == 1:
            h.item = Noisy(i)


def slot(n, first):
    h = Slotted()
    h.item = first
    for i in range(n):
        if i % 3 == 1:
            h.item = Noisy(i)


def list_item(n, first):
    lst = [first] * 2
    for i in range(n):
        if i % 3 == 1:
            lst[i & 1] = Noisy(i)


def dict_item(n, first):
    table = {0: first, 1: first}
    for i in range(n):
        if i % 3 == 1:
            table[i & 1] = Noisy(i)


def cell(n, first):
    x = first

    def keep(value):
        nonlocal x
        x = value

    for i in range(n):
        if i % 3 == 1:
            keep(Noisy(i))
        if i % 5 == 1:
            x = first


def global_variable(n, first):
    global kept
    kept = first
    for i in range(n):
        if i % 3 == 1:
            kept = Noisy(i)
    kept = None


def argument(n, first):
    def drop(x, value):
        x = value
        return 1

    for i in range(n):
        drop(Noisy(i) if i % 3 == 1 else first, first)


def loop_variable(n, first):
    items = [first] * 5 + [Noisy(k) for k in range(n)] + [first] * 5
    items.reverse()
    while items:
        x = items.pop()
    for x in [first] + [Noisy(-k) for k in range(n)]:
        pass


def unpacked(n, first):
    a, b = first, first
    for i in range(n):
        if i % 3 == 1:
            a, b = b, Noisy(i)


for f in (
    local,
    local_reset,
    attribute,
    slot,
    list_item,
    dict_item,
    cell,
    global_variable,
    argument,
    loop_variable,
    unpacked,
):
    for first in (None, 5, "text", 2.5, True):
        f(300, first)
        print(f.__name__, first, len(log), log[:3], log[-3:])
        log.clear()
