"""Primes by the sieve of Eratosthenes, indexed one by one (no slice assignment).

    sieve.py [LIMIT]

Prints how many primes lie below LIMIT, the largest, and the widest gap.
"""

import sys

KNOWN_COUNTS = {
    1_000: 168,
    10_000: 1_229,
    100_000: 9_592,
    1_000_000: 78_498,
    10_000_000: 664_579,
}


def sieve(limit):
    is_prime = [True] * limit
    is_prime[0:2] = [False, False]
    n = 2
    while n * n < limit:
        if is_prime[n]:
            multiple = n * n
            while multiple < limit:
                is_prime[multiple] = False
                multiple += n
        n += 1
    return is_prime


def survey(is_prime):
    count = 0
    previous = 2
    widest = gap_start = 0
    for n in range(2, len(is_prime)):
        if is_prime[n]:
            count += 1
            if n - previous > widest:
                widest = n - previous
                gap_start = previous
            previous = n
    return count, previous, widest, gap_start


def main():
    limit = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    if limit < 3:
        sys.exit("LIMIT must be at least 3")
    count, largest, widest, gap_start = survey(sieve(limit))
    print(f"{count} primes below {limit}, the largest {largest}")
    print(f"widest gap {widest}, after {gap_start}")
    if KNOWN_COUNTS.get(limit, count) != count:
        sys.exit("the count is wrong")


if __name__ == "__main__":
    main()
