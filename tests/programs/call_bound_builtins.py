# native: yes
# exits: vary
"""Methods of builtin objects that are bound once and called often: of all containers, on receivers that change, and that die."""

import sys


class Dies:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        died.append(self.name)


class SubList(list):
    def append(self, item):
        super().append(("sub", item))


died = []


def lists(n):
    items = list(range(9))
    append, insert, pop, extend = items.append, items.insert, items.pop, items.extend
    reverse, index, count = items.reverse, items.index, items.count
    total = 0
    for i in range(n):
        insert(i % 9, pop(0))
        append(i)
        total += pop() + pop(3)
        insert(-2, i)
        extend((i, i + 1))
        pop()
        pop()
        if not i % 3:
            reverse()
        total += count(i) + (index(i) if i in items else 100)
    return items, total


print(lists(2000))


def others(n):
    table, seen, text = {}, set(), ",".join
    get, set_default, add, discard = table.get, table.setdefault, seen.add, seen.discard
    startswith, find = "abc".startswith, "abcabc".find
    total = 0
    for i in range(n):
        total += get(i % 50, 0)
        set_default(i % 60, i)
        add(i % 70)
        discard(i % 110)
        total += len(text(["a", "b"])) + startswith("ab") + find("c")
    return total, len(table), len(seen)


print(others(2000))


def receivers(n):
    """The same place calls the methods of many objects."""
    lists = [[] for _ in range(7)]
    bound = [items.append for items in lists]
    bound.append(SubList().append)
    bound.append(SubList.__mro__[1]().extend)
    for i in range(n):
        bound[i % 7 if i % 31 else 7]((i,))
        bound[-1]((i, i))
    return [len(items) for items in lists], sys.getrefcount(lists[0]) - len(bound)


print(receivers(2000))


def dying(n):
    """Whatever dies with its bound method, and in it."""
    for i in range(n):
        [Dies(i)].append(Dies(i + 0.5))
        method = [Dies(-i)].append
        method(Dies(-i - 0.5))
        method = None
        (lambda: [Dies("l")].insert)()(0, Dies("i"))
        {0: Dies("value")}.get(0)
    return died[:12], len(died)


print(dying(400))
died.clear()


def counts(n):
    """References that bound methods, arguments and results hold."""
    items, item = [], Dies("item")
    append, pop = items.append, items.pop
    found = set()
    for i in range(n):
        append(item)
        found.add((sys.getrefcount(item), sys.getrefcount(items), sys.getrefcount(append)))
        pop()
        found.add((sys.getrefcount(item), sys.getrefcount(items), sys.getrefcount(pop)))
    return sorted(found)


print(counts(500))


def wrong(n):
    items = [1]
    pop, insert = items.pop, items.insert
    errors = []
    for i in range(n):
        try:
            pop(0)
            if i % 90 == 89:
                pop()
            insert(10**30 if i % 90 == 70 else 0, i)
        except (IndexError, OverflowError) as error:
            errors.append(str(error))
            items[:] = [i]
    return items, errors


print(wrong(600))


def changed_in_sort(n):
    """A list that is being sorted has no items, and says so."""
    items = list(range(5))
    append = items.append

    def key(x):
        for _ in range(30):
            append(x)
        return -x

    errors = 0
    for _ in range(n):
        try:
            items.sort(key=key)
        except ValueError as error:
            errors += 1
            text = str(error)
    return items, errors, text


print(changed_in_sort(60))
