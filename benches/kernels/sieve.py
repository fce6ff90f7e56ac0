"""Sieve of Eratosthenes: list slots read and set by index in `while` loops."""

LIMIT = 700_000


def sieve(limit):
    is_prime = [True] * limit
    is_prime[0] = is_prime[1] = False
    n = 2
    while n * n < limit:
        if is_prime[n]:
            multiple = n * n
            while multiple < limit:
                is_prime[multiple] = False
                multiple += n
        n += 1
    count = 0
    n = 0
    while n < limit:
        if is_prime[n]:
            count += 1
        n += 1
    return count


def run():
    return sieve(LIMIT)


EXPECTED = 56_543
