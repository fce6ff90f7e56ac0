"""Iterators over lists and tuples that die at the end of a loop, on its way out, and with what they hold."""

import sys


class Loud:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("died:", self.name)


class Tuple(tuple):
    def __del__(self):
        print("died: a tuple of", len(self))


class List(list):
    def __del__(self):
        print("died: a list of", len(self))


GLOBAL = (3, 5, 7, 9)


def plain(n):
    """Fresh tuples whose items are plain, left at the end and on the way."""
    found = 0
    for i in range(n):
        for x in (i, i + 1, "text", (i, 2.5)):
            if x == 3:
                break
        else:
            found += 1
        for x in [i, i + 1]:
            found += x & 1
    return found


def shared(n):
    """The sequence survives its iterator."""
    found = 0
    local = [1, 2, 3]
    before = sys.getrefcount(GLOBAL), sys.getrefcount(local)
    for i in range(n):
        for x in GLOBAL:
            if x > i % 11:
                break
            found += x
        for x in local:
            if x == i % 4:
                break
    return found, before == (sys.getrefcount(GLOBAL), sys.getrefcount(local))


def first_of(items, limit):
    for item in items:
        if item > limit:
            return item
    return None


def returned(n):
    """Loops that a callee returns from."""
    total = 0
    for i in range(n):
        total += first_of((i, i + 1, i + 2), i) or 0
        total += first_of([i % 5, 2, 3], 2) or 0
        total += first_of(GLOBAL, 6)
    return total


def loud(n, kind, quiet):
    """Every so often the items or the sequence itself are to be seen dying, between the lines around."""
    for i in range(n):
        if i % quiet == quiet - 1:
            items = kind((Loud(i), Loud(-i)))
        else:
            items = (i, "a")
        for item in items:
            del items
            if i % 2:
                break
            items = None
        if i % quiet == quiet - 1:
            print("loop over", i)
        item = None
        if i % quiet == quiet - 1:
            print("item gone", i)


def fresh(n):
    """The iterator alone holds the sequence, whose items are not plain now and then."""
    for i in range(n):
        for item in (Loud(i), 1) if i % 97 == 96 else (i, 1):
            if i % 2:
                break
        if i % 97 == 96:
            print("behind", i)
        item = None


def subclass(n):
    for i in range(n):
        for x in Tuple((i, i)) if i % 101 == 100 else (i, i):
            if i % 3 == 0:
                break
        if i % 101 == 100:
            print("behind a Tuple")
        for x in List((i, i)) if i % 101 == 100 else [i, i]:
            if i % 3 == 0:
                break
        if i % 101 == 100:
            print("behind a List")


def kept(n):
    """Somebody else holds the iterator."""
    out = []
    total = 0
    for i in range(n):
        it = iter((i, i + 1, i + 2))
        for x in it:
            total += x
            if i % 2:
                break
        if i % 50 == 0:
            out.append(it)
        total += sum(it)
    return total, [list(it) for it in out]


def grows(n):
    """A list that gets items that are not plain after its loop was left."""
    for i in range(n):
        items = [i]
        for x in items:
            if i % 89 == 88:
                items.append(Loud(i))
                del items
            break
        if i % 89 == 88:
            print("behind", i)


def raising(n):
    caught = 0
    for i in range(n):
        try:
            for x in (1, 2, i % 7):
                caught += 10 // x
        except ZeroDivisionError:
            caught += 1
    return caught


def pairs(n):
    """Unpacking out of tuples of tuples, as they are made."""
    total = 0
    for i in range(n):
        for kind, steps in (("b", GLOBAL), ("r", (i, i + 1))):
            for step in steps:
                if step == i:
                    total += step
                    break
            if kind == "r" and i % 3 == 0:
                break
    return total


print(plain(600))
print(shared(600))
print(returned(600))
loud(400, tuple, 80)
loud(400, list, 80)
loud(300, Tuple, 60)
fresh(500)
subclass(500)
print(kept(400))
grows(400)
print(raising(600))
print(pairs(600))
