# __index__, __bool__, __len__ as truth, __contains__, __iter__, __hash__ with side effects in hot loops.
# native: stressed


class Index:
    def __init__(self, i):
        self.i = i
        self.asked = 0

    def __index__(self):
        self.asked += 1
        return self.i


class Truth:
    def __init__(self, period):
        self.period = period
        self.asked = 0

    def __bool__(self):
        self.asked += 1
        return self.asked % self.period != 0


class Sized:
    def __init__(self):
        self.n = 0

    def __len__(self):
        self.n += 1
        return self.n % 3


def by_index(n):
    lst = list(range(50))
    i = Index(7)
    s = 0
    for _ in range(n):
        s += lst[i]
        lst[i] = s % 50
        i.i = (i.i * 3 + 1) % 50
        s += len(range(i))
    return s, i.asked


def by_truth(n):
    t = Truth(7)
    yes = no = rounds = 0
    for _ in range(n):
        if t:
            yes += 1
        else:
            no += 1
        rounds += 1 if t and t or not t else 0
        while t:
            pass
    return yes, no, rounds, t.asked


def by_length(n):
    s = Sized()
    yes = 0
    for _ in range(n):
        if s:
            yes += 1
        if not s:
            yes += 1000
    return yes, s.n


class Bad:
    def __bool__(self):
        return 1

    def __index__(self):
        return "x"

    def __len__(self):
        return -1

    def __hash__(self):
        return "h"

    def __iter__(self):
        return 5


def bad(n):
    log = {}
    b = Bad()
    tests = (
        lambda: 1 if b else 2,
        lambda: [1, 2][b],
        lambda: len(b),
        lambda: {b: 1},
        lambda: [x for x in b],
        lambda: not b,
    )
    for i in range(n):
        try:
            tests[i % len(tests)]()
        except (TypeError, ValueError) as error:
            log[str(error)] = log.get(str(error), 0) + 1
    return log


class Countdown:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        self.n -= 1
        if self.n < 0:
            raise StopIteration
        return self.n

    def __contains__(self, x):
        return x == self.n


def iterate(n):
    s = 0
    c = Countdown(n)
    for x in c:
        s += x
        s += x in c
    for x in c:
        s += 10**9
    return s, c.n


print(by_index(700), by_truth(500), by_length(600), iterate(800))
for message, count in bad(600).items():
    print(count, message)


def getitem_protocol(n):
    class Old:
        def __getitem__(self, i):
            if i >= n:
                raise IndexError
            return i * 2

    return sum(x for x in Old()), n - 1 in [x // 2 for x in Old()]


print(getitem_protocol(500))
