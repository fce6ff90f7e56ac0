"""Spectral norm of the infinite matrix 1, 1/2, 1/3, ..., by the power method.

    spectral_norm.py [N]

Uses the matrix's first N rows and columns.
"""

import math
import sys

LIMIT = 1.2742241528  # of the infinite matrix; approached from below


def element(i, j):
    return 1.0 / ((i + j) * (i + j + 1) // 2 + i + 1)


def times(vector):
    n = len(vector)
    result = []
    for i in range(n):
        total = 0.0
        for j in range(n):
            total += element(i, j) * vector[j]
        result.append(total)
    return result


def transposed_times(vector):
    n = len(vector)
    result = []
    for i in range(n):
        total = 0.0
        for j in range(n):
            total += element(j, i) * vector[j]
        result.append(total)
    return result


def spectral_norm(n, rounds=10):
    u = [1.0] * n
    v = u
    for _ in range(rounds):
        v = transposed_times(times(u))
        u = transposed_times(times(v))
    uv = vv = 0.0
    for a, b in zip(u, v):
        uv += a * b
        vv += b * b
    return math.sqrt(uv / vv)


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    norm = spectral_norm(n)
    print(f"{norm:.9f}")
    if not -1e-9 < LIMIT - norm < 1 / n**2:
        sys.exit("too far from the limit")


if __name__ == "__main__":
    main()
