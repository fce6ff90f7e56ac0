"""Integer arithmetic in a `for` loop over a range."""

N = 2_000_000


def sum_squares(n):
    s = 0
    for i in range(n):
        s += i * i % 7
    return s


def run():
    return sum_squares(N)


EXPECTED = 3_999_997
