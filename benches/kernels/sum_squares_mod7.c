#include <stdint.h>

static volatile int64_t limit = 2000000;

int64_t run(void)
{
    int64_t n = limit, s = 0;
    for (int64_t i = 0; i < n; i++)
        s += i * i % 7;
    return s;
}
