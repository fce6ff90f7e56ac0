#include <stdint.h>

static volatile int64_t size_ = 180, limit_ = 100;

int64_t run(void)
{
    int64_t size = size_, limit = limit_, steps = 0;
    for (int64_t y = 0; y < size; y++) {
        double ci = 2.4 * (double)y / (double)size - 1.2;
        for (int64_t x = 0; x < size; x++) {
            double cr = 2.6 * (double)x / (double)size - 2.0;
            double zr = 0.0, zi = 0.0;
            int64_t n = 0;
            while (n < limit) {
                double zr2 = zr * zr, zi2 = zi * zi;
                if (zr2 + zi2 > 4.0)
                    break;
                zi = 2.0 * zr * zi + ci;
                zr = zr2 - zi2 + cr;
                n++;
            }
            steps += n;
        }
    }
    return steps;
}
