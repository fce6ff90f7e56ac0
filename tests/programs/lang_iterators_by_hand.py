# Classes with __iter__ and __next__, iter(callable, sentinel), __getitem__ iteration, __reversed__, __length_hint__.
# native: no


class Count:
    def __init__(self, n):
        self.i, self.n = 0, n

    def __iter__(self):
        return self

    def __next__(self):
        self.i += 1
        if self.i > self.n:
            raise StopIteration("end")
        return self.i


class Indexed:
    def __init__(self, n):
        self.n = n

    def __getitem__(self, i):
        if i >= self.n:
            raise IndexError(i)
        return i * 2

    def __len__(self):
        return self.n


class Reversible:
    def __reversed__(self):
        return Count(5)

    def __iter__(self):
        return iter([1, 2])

    def __length_hint__(self):
        return 10**3


class NotIterable:
    __iter__ = None


class BadIter:
    def __iter__(self):
        return 5


class Failing(Count):
    def __next__(self):
        if self.i == 3:
            raise ValueError("three")
        return super().__next__()


def work(n):
    total = 0
    for x in Count(n):
        total += x
    for x in Indexed(n):
        total += x
    for x in reversed(Indexed(5)):
        total += x
    for x in reversed(Reversible()):
        total += x
    state = [0]

    def step():
        state[0] += 1
        return state[0]

    for x in iter(step, n):
        total += x
    a, b, *c = Count(4)
    total += a + b + sum(c) + sum(Count(n)) + len(list(Reversible()))
    return total


def fails(make):
    total = 0
    try:
        for x in make():
            total += x
    except (TypeError, ValueError) as error:
        return total, str(error)


print([work(n) for n in (10, 300, 20)])
for make in (NotIterable, BadIter, lambda: Failing(9), lambda: 5):
    for _ in range(150):
        result = fails(make)
    print(result)
it = Count(3)
for x in it:
    pass
print(list(it), next(it, "default"), it.i)


class Swapped(Count):
    pass


total = 0
for x in Swapped(900):
    total += x
    if x == 500:
        Swapped.__next__ = lambda self: (_ for _ in ()).throw(StopIteration)
print(total)
