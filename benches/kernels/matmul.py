"""Product of two square matrices, each a list of lists of floats."""

N = 120


def matrix(n, seed):
    return [[float((i * seed + j * 7) % 11 - 5) for j in range(n)] for i in range(n)]


def matmul(a, b):
    n = len(a)
    c = [[0.0] * n for _ in range(n)]
    for i in range(n):
        row = a[i]
        for j in range(n):
            total = 0.0
            for k in range(n):
                total += row[k] * b[k][j]
            c[i][j] = total
    return c


def run():
    c = matmul(matrix(N, 3), matrix(N, 5))
    # All entries are small whole numbers, so the sum is exact.
    return sum(c[i][j] * (i + 2 * j) for i in range(N) for j in range(N))


EXPECTED = -38175.0
