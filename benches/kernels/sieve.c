#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static volatile int64_t limit = 700000;

/* Pointers to objects, as in the list of the Python program. */
static const int yes, no;

int64_t run(void)
{
    int64_t size = limit, count = 0;
    const int **is_prime = malloc(size * sizeof *is_prime);
    for (int64_t n = 0; n < size; n++)
        is_prime[n] = &yes;
    is_prime[0] = is_prime[1] = &no;
    for (int64_t n = 2; n * n < size; n++)
        if (is_prime[n] == &yes)
            for (int64_t multiple = n * n; multiple < size; multiple += n)
                is_prime[multiple] = &no;
    for (int64_t n = 0; n < size; n++)
        if (is_prime[n] == &yes)
            count++;
    free(is_prime);
    return count;
}
