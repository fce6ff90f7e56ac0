"""A small function called in the innermost of nested loops; floats and ints mixed."""

from math import sqrt

N = 130


def element(i, j):
    return 1.0 / ((i + j) * (i + j + 1) // 2 + i + 1)


def times(u):
    v = []
    for i in range(len(u)):
        total = 0.0
        for j in range(len(u)):
            total += element(i, j) * u[j]
        v.append(total)
    return v


def transposed_times(u):
    v = []
    for i in range(len(u)):
        total = 0.0
        for j in range(len(u)):
            total += element(j, i) * u[j]
        v.append(total)
    return v


def run():
    u = [1.0] * N
    for _ in range(10):
        v = transposed_times(times(u))
        u = transposed_times(times(v))
    uv = vv = 0.0
    for a, b in zip(u, v):
        uv += a * b
        vv += b * b
    return round(sqrt(uv / vv), 9)


EXPECTED = 1.27422221
