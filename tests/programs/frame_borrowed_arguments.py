# native: stressed
"""An argument that is replaced by something else: its reference may be the frame's own or the caller's, and a trace
recorded with the one kind must not release the other. So must what a tuple alone keeps alive survive that tuple."""

import sys


def convert(text):
    text = bytearray(text.encode())
    return len(text)


def listed(text):
    text = [text]
    return text


def unrecorded(kept):
    class NotInTraces:
        pass

    s = convert(kept + "!") + len(listed(kept + "!"))
    return s + convert(kept) + len(listed(kept)) + convert(kept)


def calls(n):
    kept = "".join(["not", " a ", "constant"])
    before = sys.getrefcount(kept)
    s = 0
    for i in range(n):
        s += convert("temporary %d" % i)
        s += len(listed("temporary %d" % i))
    for i in range(n):
        s += unrecorded(kept)
    return s, sys.getrefcount(kept) - before


print(calls(600))


class Item:
    def __init__(self, n):
        self.n = n


def hand_on(*args):
    return last(*args)


def last(a, b):
    a = None
    return b


def twice(pairs):
    s = 0
    for _, _ in pairs:
        s += 1
    return s


def tuples(n):
    s = 0
    for i in range(n):
        s += hand_on(Item(i), Item(i + 1)).n
        s += len([hand_on(Item(i), x) for x in (1, 2)])
    item = Item(0)
    before = sys.getrefcount(item)
    s += twice([(item, item)] * n)
    return s, sys.getrefcount(item) - before


print(tuples(600))
