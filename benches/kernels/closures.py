"""Closures: free variables read and rebound, functions made and called in a loop."""

N = 330_000


def make_counter(step):
    count = 0

    def advance():
        nonlocal count
        count += step
        return count

    return advance


def compose(f, g):
    return lambda x: f(g(x))


def adder(n):
    return lambda x: x + n


def run():
    by_two = make_counter(2)
    by_three = make_counter(3)
    step = compose(adder(5), compose(adder(-3), adder(1)))
    total = 0
    for i in range(N):
        total += by_two() - by_three()
        total += step(i)
        if i % 16 == 0:
            total += adder(i)(1)
    return total, by_two(), by_three()


EXPECTED = (3403640625, 660002, 990003)
