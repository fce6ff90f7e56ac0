# << and >> of positive and negative ints by constant and varying counts, past every word size.
# native: yes


def left(x, n):
    log = []
    for i in range(n):
        count = i % 130
        y = x << count
        if y >> count != x:
            raise AssertionError((x, count))
        if i >= n - 130 and count in (
            0,
            1,
            29,
            30,
            31,
            32,
            59,
            60,
            62,
            63,
            64,
            65,
            127,
            129,
        ):
            log.append(y)
    return log


def right(x, n):
    checksum = 0
    for i in range(n):
        checksum = (checksum * 7 + (x >> (i % 140))) % 1000003
    return checksum


def constant_counts(n):
    a = b = c = 0
    for i in range(-n, n):
        a += i << 1
        b += i >> 3
        c ^= (i << 33) >> 31
        a -= i << 62
    return a, b, c


for x in (
    0,
    1,
    -1,
    3,
    -3,
    0x3FFFFFFF,
    -0x40000000,
    (1 << 62) + 5,
    -(1 << 63),
    1 << 100,
):
    print(x, left(x, 520), right(x, 500))
print(constant_counts(700))


def negative_count(n):
    caught = 0
    total = 0
    for i in range(n):
        try:
            total += 1 << (5 - i % 8)
        except ValueError as error:
            caught += 1
            message = str(error)
    return total, caught, message


print(negative_count(640))


def negative_right(n):
    for i in range(n):
        count = 3 if i != n - 1 else -1
        last = -17 >> count
    return last


try:
    negative_right(500)
except ValueError as error:
    print(error, error.__traceback__.tb_next.tb_lineno)

# A bit mask walking through all sizes.
mask = 1
seen = 0
for i in range(600):
    mask <<= 1
    if mask > 1 << 66:
        mask = 1
        seen += 1
    seen += mask & 0x80008000
print(mask, seen)
