# Long float sums whose every bit is printed, by repr and by hex: nothing may be reassociated.
# native: yes


def harmonic(n):
    up = 0.0
    for i in range(1, n):
        up += 1.0 / i
    down = 0.0
    for i in range(n - 1, 0, -1):
        down += 1.0 / i
    return up, down


def alternating(n):
    s = 0.0
    sign = 1.0
    for i in range(n):
        s += sign / (2 * i + 1)
        sign = -sign
    return 4 * s


def kahan(n):
    """Compensated summation is destroyed by any algebraic simplification."""
    s = 0.0
    c = 0.0
    for i in range(n):
        y = 0.1 - c
        t = s + y
        c = (t - s) - y
        s = t
    return s, c


def logistic(x, n):
    """Chaotic: one wrong bit changes everything after some fifty steps."""
    for _ in range(n):
        x = 3.999 * x * (1.0 - x)
    return x


def fused(n):
    """Would differ if multiply and add were fused."""
    a = 1.0 + 2.0**-30
    s = 0
    for i in range(n):
        if a * a - (1.0 + 2.0**-29) != 0.0:
            s += 1
        a += 2.0**-52
    return s


for value in (*harmonic(2000), alternating(1500), *kahan(2000), logistic(0.3, 3000)):
    print(repr(value), value.hex())
print(fused(600))
print([x.hex() for x in (0.1, -0.0, 5e-324, 1e308)])
