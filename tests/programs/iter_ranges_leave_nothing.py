# Ranges and their iterators that native code never makes leave no block of memory behind.
# native: yes
# exits: vary
import sys


def nest(n, m):
    total = 0
    for i in range(n):
        for j in range(m):
            total += i * j
    return total, i, j


def triangle(n):
    total = rounds = 0
    for i in range(n):
        for j in range(i):
            total += i - j
            rounds += 1
    return total, rounds


def blocks(n):
    """Nothing is left behind."""
    nest(n, 3)
    triangle(30)
    before = sys.getallocatedblocks()
    for _ in range(20):
        nest(n, 3)
        triangle(30)
    return abs(sys.getallocatedblocks() - before) < 40


print(blocks(500))
