"""Objects with methods that read and write instance attributes."""

N = 450_000


class Counter:
    def __init__(self, step):
        self.step = step
        self.total = 0
        self.calls = 0

    def add(self, amount):
        self.calls += 1
        self.total += amount * self.step
        return self

    def is_even(self):
        return self.total % 2 == 0


class Clipped(Counter):
    LIMIT = 1_000

    def add(self, amount):
        if self.total > self.LIMIT:
            self.total -= self.LIMIT
        return super().add(amount)


def run():
    plain = Counter(3)
    clipped = Clipped(2)
    even = 0
    for i in range(N):
        plain.add(i & 15)
        if plain.is_even():
            even += 1
        if i % 8 == 0:
            clipped.add(7)
    return plain.total, plain.calls, even, clipped.total, clipped.calls


EXPECTED = (10125000, 450000, 225000, 500, 56250)
