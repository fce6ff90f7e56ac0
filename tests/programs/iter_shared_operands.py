"""`is`, subscripts and item assignment whose operands own their references: the last one dies there, a shared one does not."""
import sys

log = []


class Thing:
    def __init__(self, name="thing"):
        self.name = name
        self.items = [self.name, 1, 2]

    def __del__(self):
        log.append(self.name)

    def __index__(self):
        return 1


def same():
    """Two references, which are all there are."""
    pair = [Thing(f"pair {i // 2}") for i in range(60)]
    for i in range(0, 60, 2):
        pair[i + 1] = pair[i]
    log.clear()
    out = []
    while pair:
        out.append(pair.pop() is pair.pop())
        log.append(len(pair))
    return out == [True] * 30, log[:6], len(log)


print(same())


def different():
    log.clear()
    kept = Thing("kept")
    out = []
    for i in range(40):
        out.append((Thing(str(i)) is kept, kept is Thing("right"), Thing("l") is not Thing("r"), type(kept) is Thing))
        log.append("-")
    return set(out), log[:10], sys.getrefcount(kept), sys.getrefcount(Thing) < 100


print(different())


class Holder:
    def __init__(self):
        self.items = [object() for _ in range(8)]
        self.tuple = tuple(self.items)
        self.big = 3


def subscripts(holder):
    log.clear()
    counts = [sys.getrefcount(x) for x in holder.items], sys.getrefcount(holder.items), sys.getrefcount(holder.tuple)
    for i in range(60):
        holder.items[i % 8]
        holder.tuple[holder.big]
        holder.items[holder.big] = holder.items[holder.big]
        Thing("temporary").items[0]
        [Thing("inner")][0].name
        log.append("-")
    after = [sys.getrefcount(x) for x in holder.items], sys.getrefcount(holder.items), sys.getrefcount(holder.tuple)
    return counts == after, log[:6], len(log)


print(subscripts(Holder()))
big = int("123456789012345678")


def keys(holder):
    """Keys that are too large, negative or no ints; containers that change their kind."""
    out = []
    for i in range(60):
        for key in (big, -1, -9, 8, True, Thing("key"), "x"):
            try:
                out.append(holder.items[key])
            except (IndexError, TypeError) as error:
                out.append(type(error).__name__)
            try:
                holder.items[key] = key
            except (IndexError, TypeError) as error:
                out.append(str(error))
    return len(out), [x for x in out[-14:] if not isinstance(x, Thing)]


print(keys(Holder()))


class Key:
    def __init__(self, value):
        self.value = value

    def __hash__(self):
        return hash(self.value)

    def __eq__(self, other):
        log.append("eq")
        return self.value == other.value

    def __del__(self):
        log.append(f"key {self.value}")


def dicts():
    """The old value dies in the assignment, the new key with it if an equal one was there."""
    log.clear()
    table = {}
    for i in range(40):
        table[Key(i % 3)] = Thing(f"value {i}")
        log.append("-")
    first = list(log)
    log.clear()
    for i in range(40):
        try:
            table[[]] = Thing("unhashable")
        except TypeError as error:
            log.append(str(error))
    second = list(log)
    table.clear()
    log.clear()
    return first[:20], len(first), second[:4], len(second)


print(dicts())


class Counting(dict):
    def __setitem__(self, key, value):
        log.append("set")
        super().__setitem__(key, value)


def assign(container, key, value):
    container[key] = value


def containers():
    log.clear()
    plain, counting, items, array = {}, Counting(), [0], bytearray(1)
    for i in range(40):
        for container in (plain, plain, counting, items, items, array, plain):
            assign(container, 0, i)
    cyclic = []
    for _ in range(40):
        cyclic.append(0)
        cyclic[0] = cyclic
    kept = cyclic[0] is cyclic
    cyclic.clear()
    return plain, counting, items, array, len(log), kept


print(containers())
