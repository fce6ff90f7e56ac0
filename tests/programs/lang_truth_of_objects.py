# Truth of objects with and without __bool__ and __len__, that die at once, and whose class learns it.
# native: yes


class T:
    pass


class N:
    def __bool__(self):
        return False


class L:
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n


class D:
    def __del__(self):
        log.append(1)


log = []


def f(n):
    s = 0
    t = T()
    fn = len
    x = None
    for i in range(n):
        if t:
            s += 1
        if N():
            s += 100
        if L(i % 2):
            s += 3
        if D():
            s += 5
        if not fn:
            s += 1000
        if {i}:
            s += 1
        if set():
            s += 7
        if object():
            s += 2
        if 1.0 * i:
            s += 1
        if T:
            s += 1
        if i == n // 2:
            T.__bool__ = lambda self: i % 2 == 0
    return s


print(f(1000), len(log))


def builtins_are_true(n):
    """Objects of types that know neither length nor truth: functions, types, generators, methods."""
    things = [len, builtins_are_true, int, (x for x in ()), [].append, object(), Ellipsis, "".join, range]
    total = 0
    for i in range(n):
        if things[i % len(things)]:
            total += 1
        if not builtins_are_true:
            total -= 100
        total += bool(len) and not [].pop
    return total


print(builtins_are_true(1500))
