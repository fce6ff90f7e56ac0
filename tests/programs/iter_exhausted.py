"""Loops over lists and tuples end: what was iterated over dies then, before the next line, and the iterator stays at its end."""
log = []


class Item:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        log.append(self.name)


class Sequence(list):
    def __del__(self):
        log.append(f"list of {len(self)}")


class Tuple(tuple):
    def __del__(self):
        log.append("tuple")


def over(make, n=30):
    out = []
    for i in range(n):
        for x in make(i):
            x = x.name
        log.append("behind")
        out.append(tuple(log))
        log.clear()
    return set(out)


print(over(lambda i: [Item("a"), Item("b")]))
print(over(lambda i: (Item("a"), Item("b"))))
print(over(lambda i: Sequence([Item("a")])))
print(over(lambda i: Tuple((Item("a"),))))
print(over(lambda i: []), over(lambda i: ()))


def resumed(sequence):
    """An iterator at its end does not notice what is appended later."""
    iterator = iter(sequence)
    out = []
    for x in iterator:
        out.append(x)
    if isinstance(sequence, list):
        sequence.append(99)
    for x in iterator:
        out.append(x)
    try:
        iterator.__reduce__()
    except TypeError as error:
        out.append(str(error))
    return out, iterator.__length_hint__(), next(iterator, "end"), iterator.__reduce__()[1:]


for _ in range(30):
    last = resumed([1, 2, 3]), resumed((1, 2, 3)), resumed([]), resumed(())
print(last)


def growing():
    items = [0]
    for x in items:
        if x < 40:
            items.append(x + 1)
    return len(items)


def shrinking():
    items = list(range(50))
    seen = 0
    for x in items:
        seen += 1
        items.pop()
    return seen, len(items)


print(growing(), shrinking())


def raises_at_end():
    """What dies at the loop's end switches the loop variable's meaning, and its line is the loop's."""
    import sys

    class Spy:
        def __del__(self):
            log.append((sys._getframe(1).f_lineno - sys._getframe(1).f_code.co_firstlineno, "x" in sys._getframe(1).f_locals))

    log.clear()
    for _ in range(30):
        for x in [Spy()]:
            x = None
    lines = set(log)
    log.clear()
    return lines


print(raises_at_end())


def kinds(sequences):
    """One loop for several kinds of iterators, each to its end."""
    out = []
    for sequence in sequences:
        for x in sequence:
            out.append(x)
    return len(out), sum(out)


print(kinds([[1, 2], (3,), range(4), {5}, {6: 7}, iter([8]), (x for x in [9])] * 20))
