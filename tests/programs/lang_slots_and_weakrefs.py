# __slots__, weak references, __del__ order in hot loops over short-lived objects.
# native: no
import weakref

log = []


class Slotted:
    __slots__ = ("a", "b", "__weakref__")

    def __init__(self, a):
        self.a = a


class Child(Slotted):
    __slots__ = ("c",)

    def __del__(self):
        log.append(self.a)


def work(n):
    total = 0
    refs = []
    for i in range(n):
        s = Slotted(i)
        try:
            total += s.b
        except AttributeError as error:
            total += len(str(error))
        s.b = i % 3
        total += s.b
        if i % 40 == 0:
            c = Child(i)
            refs.append(weakref.ref(c, lambda r: log.append("dead")))
            c.c = s
        del s.b
    return total, [r() is None for r in refs].count(True)


def bad(n):
    s = Slotted(1)
    errors = {}
    for i in range(n):
        for action in (lambda: setattr(s, "zzz", 1), lambda: delattr(s, "b"), lambda: s.c):
            try:
                action()
            except AttributeError as error:
                errors[str(error)] = errors.get(str(error), 0) + 1
    return errors


print(work(800))
print(log)
print(bad(150))
cache = weakref.WeakValueDictionary()
hits = 0
for i in range(500):
    s = Slotted(i)
    cache[i % 5] = s
    hits += cache.get((i + 1) % 5) is not None
print(hits, len(cache))
