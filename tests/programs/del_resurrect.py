# __del__ that resurrects its object, raises, rebinds a global the loop reads, or mutates the loop's list.
# native: yes

import sys

kept = []
factor = 1
messages = []


def hook(unraisable):
    messages.append((type(unraisable.exc_value).__name__, str(unraisable.exc_value)))


sys.unraisablehook = hook


class Phoenix:
    def __init__(self, i):
        self.i = i

    def __del__(self):
        if self.i % 100 == 0:
            kept.append(self)


class Raising:
    def __init__(self, i):
        self.i = i

    def __del__(self):
        raise RuntimeError(f"from del {self.i}")


class Meddler:
    def __del__(self):
        global factor
        factor += 1


class ListEater:
    def __init__(self, lst):
        self.lst = lst

    def __del__(self):
        if self.lst:
            self.lst.pop()


def resurrecting(n):
    s = 0
    for i in range(n):
        x = Phoenix(i)
        s += x.i
    x = None
    first = [p.i for p in kept]
    kept.clear()
    return s, first, len(kept)


def raising(n):
    s = 0
    for i in range(n):
        x = Raising(i)
        s += 1
        if i % 2:
            x = None
    return s


def meddling(n):
    s = 0
    for i in range(n):
        x = Meddler() if i % 100 == 0 else None
        s += factor
        x = 0
        s += factor * 1000
    return s


def eating(n):
    lst = list(range(n))
    total = 0
    for x in lst:
        total += x
        y = ListEater(lst)
    y = None
    return total, len(lst)


def eats_during_store(n):
    """Storing into the list frees the old item, whose __del__ shortens the same list."""
    lst = [0] * n
    log = []
    i = 0
    while i < len(lst):
        if i % 50 == 25:
            lst[i] = ListEater(lst)
        lst[i] = i
        i += 1
    return len(lst), sum(lst)


print(resurrecting(700))
print(raising(500), len(messages), messages[0], messages[-1])
print(meddling(800), factor)
print(eating(600), eats_during_store(600))


class Immortalist:
    count = 0

    def __del__(self):
        Immortalist.count += 1
        globals()["slot"] = self


def again_and_again(n):
    """__del__ runs once per object, however often it is resurrected."""
    global slot
    slot = Immortalist()
    for i in range(n):
        slot = None
        if slot is None:
            slot = Immortalist()
    return Immortalist.count


print(again_and_again(500))
