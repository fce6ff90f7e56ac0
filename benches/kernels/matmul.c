#include <stdint.h>
#include <stdlib.h>

static volatile int64_t size = 120;

/* Rows apart from each other, as lists of lists are. */
static double **matrix(int64_t n, int64_t seed)
{
    double **rows = malloc(n * sizeof *rows);
    for (int64_t i = 0; i < n; i++) {
        rows[i] = malloc(n * sizeof **rows);
        for (int64_t j = 0; j < n; j++)
            rows[i][j] = (double)((i * seed + j * 7) % 11 - 5);
    }
    return rows;
}

static void release(double **rows, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        free(rows[i]);
    free(rows);
}

double run(void)
{
    int64_t n = size;
    double **a = matrix(n, 3), **b = matrix(n, 5), **c = matrix(n, 0);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            double total = 0.0;
            for (int64_t k = 0; k < n; k++)
                total += a[i][k] * b[k][j];
            c[i][j] = total;
        }
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            sum += c[i][j] * (double)(i + 2 * j);
    release(a, n);
    release(b, n);
    release(c, n);
    return sum;
}
