# ** of ints and floats: int, float and complex results, negative and zero exponents.
# native: yes


def ints(n):
    checksum = 0
    for i in range(n):
        checksum = (checksum + i**2 + i**3 - (-i) ** 3 + (i % 5) ** (i % 30)) % 1000003
    return checksum


def negative_exponent(n):
    total = 0.0
    for i in range(1, n):
        total += i**-1 + (-2) ** -(i % 9)
    return total


def floats(n):
    total = 0.0
    for i in range(1, n):
        total += (i / 16) ** 0.5 + 1.001**i + (i / 3) ** -1.5 + (i / 7) ** 2
    return total


def to_complex(n):
    """A negative base with a fractional exponent leaves the real numbers."""
    x = 4.0
    kinds = {}
    for i in range(n):
        y = (x - i / 64) ** 0.5
        kinds[type(y).__name__] = kinds.get(type(y).__name__, 0) + 1
    return kinds, f"{y:.6f}"


def failing(n):
    log = []
    for i in range(n):
        base = 0.0 if i % 100 == 0 else 10.0
        exponent = -1.0 if i % 100 == 0 else 307.0 + i % 3
        try:
            y = base**exponent
        except (ZeroDivisionError, OverflowError) as error:
            log.append((i, type(error).__name__, str(error)))
    return len(log), log[0], log[-1], y


print(ints(800), negative_exponent(700), floats(700))
print(to_complex(600))
print(failing(600))
print(pow(3, 1000, 1009), [pow(7, i, 13) for i in range(12)], pow(5, -1, 7))
print(0**0, 0.0**0, (-0.0) ** 3, (-1) ** 0.0, True**2, 2**True, type(True**True).__name__)
