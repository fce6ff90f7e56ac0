"""Float arithmetic in nested `while` loops."""

SIZE = 180
LIMIT = 100


def mandelbrot(size, limit):
    steps = 0
    y = 0
    while y < size:
        ci = 2.4 * y / size - 1.2
        x = 0
        while x < size:
            cr = 2.6 * x / size - 2.0
            zr = zi = 0.0
            n = 0
            while n < limit:
                zr2 = zr * zr
                zi2 = zi * zi
                if zr2 + zi2 > 4.0:
                    break
                zi = 2.0 * zr * zi + ci
                zr = zr2 - zi2 + cr
                n += 1
            steps += n
            x += 1
        y += 1
    return steps


def run():
    return mandelbrot(SIZE, LIMIT)


EXPECTED = 952_209
