# native: stressed
# exits: vary
"""The first allocation behind `set_nomemory` is the program's: neither tier 1 nor the recorder asks Python for memory between
calls that take none."""

try:
    from _testcapi import remove_mem_hooks, set_nomemory
except ImportError:

    def set_nomemory(start, stop):
        global fails
        fails = True

    def remove_mem_hooks():
        global fails
        fails = False


fails = False


class Empty:
    __slots__ = ()


def make():
    if fails:
        raise MemoryError
    return Empty()


def attempts(n):
    items, table, seen = [], {}, set()
    append, get, discard, pop = items.append, table.get, seen.discard, items.pop
    caught = 0
    items.extend([None] * 8)
    pop()
    for _ in range(n):
        set_nomemory(0, 1)
        try:
            append(None)
            pop()
            get(None)
            discard(None)
            items.pop
            make()
        except MemoryError:
            caught += 1
        finally:
            remove_mem_hooks()
    return caught


for n in [1, 2, 3, 500]:
    print(n, attempts(n))
