# Iterators over the __dict__ of instances, whose keys belong to the class: their order, what changes on the way, ends.
# native: yes
LOOPS = 700


class Plain:
    def __init__(self, order):
        for name in order:
            setattr(self, name, name * 2)


def steps(namespace):
    keys = values = ""
    pairs = []
    for key in namespace:
        keys += key
    for value in namespace.values():
        values += value
    for pair in namespace.items():
        pairs.append(pair)
    for key, value in namespace.items():
        pairs.append(key + value)
    return keys, values, pairs


def orders():
    seen = set()
    for i in range(LOOPS):
        x = Plain(("abc", "bca", "cb", "")[i % 4])
        if i % 3 == 0:
            x.__dict__
        x.a = "again"
        if i % 5 == 0:
            del x.a
            x.d = "new"
        if i % 7 == 0:
            x.a = "last"
        if i % 50 == 49:
            x.__dict__[49] = "general"
            seen.add(str(list(x.__dict__.items())))
        else:
            seen.add(str(steps(x.__dict__)))
    return sorted(seen)


def changed(change):
    """The dict changes while it is iterated over."""
    out = []
    for i in range(LOOPS):
        x = Plain("abc")
        n = 0
        found = ""
        try:
            for value in x.__dict__.values():
                n += 1
                if n == 2 and i % 10 == 3:
                    change(x)
                found += value
        except RuntimeError as error:
            found += str(error)
        if found not in out:
            out.append(found)
    return out


def assign(x):
    x.c = "a longer one"


def add(x):
    x.d = "d"


def remove(x):
    del x.a


def swap(x):
    del x.a
    x.z = "zz"


def clear(x):
    x.__dict__ = {}


class Dying:
    def __init__(self, log, i):
        self.log = log
        self.i = i

    def __del__(self):
        self.log.append(self.i)


class Holder:
    pass


def ended():
    """The iterator holds the dict, and what is in it, until the iteration has ended."""
    log = []
    for i in range(LOOPS):
        x = Holder()
        x.one = Dying(log, i)
        x.two = i
        it = iter(x.__dict__.values())
        del x
        n = 0
        for value in it:
            n += 1
            value = None
        if i % 100 == 0:
            log.append((n, list(it), it.__length_hint__()))
    return len(log), log[:4], log[-3:]


def stored_before():
    """Attributes that the same loop stores are seen by the iterator, floats' new values, too."""
    x = Plain("ab")
    x.count, x.mean = 0, 0.5
    total = 0
    for i in range(LOOPS):
        x.count += i
        x.mean = x.mean * 0.5 + i
        for value in x.__dict__.values():
            if type(value) is not str:
                total += value
                x.mean += 0.25
    return total, x.count, x.mean


class Backwards:
    def __len__(self):
        return 3

    def __getitem__(self, i):
        return i + 1


def python_reversed():
    total = 0
    for i in range(3 * LOOPS):
        for x in reversed(Backwards()):
            total += x
    return total


print(orders())
for change in assign, add, remove, swap, clear:
    print(change.__name__, changed(change))
print(ended())
print(stored_before())
print(python_reversed())
