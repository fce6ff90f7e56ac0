#include <math.h>
#include <stdint.h>

enum { N = 130 };

static volatile int64_t size = N;

static double element(int64_t i, int64_t j)
{
    return 1.0 / (double)((i + j) * (i + j + 1) / 2 + i + 1);
}

static void times(const double *u, double *v, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double total = 0.0;
        for (int64_t j = 0; j < n; j++)
            total += element(i, j) * u[j];
        v[i] = total;
    }
}

static void transposed_times(const double *u, double *v, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double total = 0.0;
        for (int64_t j = 0; j < n; j++)
            total += element(j, i) * u[j];
        v[i] = total;
    }
}

double run(void)
{
    double u[N], v[N], w[N];
    int64_t n = size;
    for (int64_t i = 0; i < n; i++)
        u[i] = 1.0;
    for (int round = 0; round < 10; round++) {
        times(u, w, n);
        transposed_times(w, v, n);
        times(v, w, n);
        transposed_times(w, u, n);
    }
    double uv = 0.0, vv = 0.0;
    for (int64_t i = 0; i < n; i++) {
        uv += u[i] * v[i];
        vv += v[i] * v[i];
    }
    /* Nine digits, as the Python program rounds. */
    return round(sqrt(uv / vv) * 1e9) / 1e9;
}
