# Products that leave one digit, two digits and 64 bits, and quotients that come back.
# native: yes


def powers(base, n):
    """Multiply up past 64 bits and divide down again, round after round."""
    x = 1
    highest = 0
    rising = True
    checksum = 0
    for _ in range(n):
        if rising:
            x = x * base
            if x > 1 << 70 or x < -(1 << 70):
                rising = False
                highest = x
        else:
            x = x // base
            if x == 1 or x == -1:
                rising = True
        checksum = (checksum * 31 + x) % 1000003
    return x, highest, checksum


def products(a, b, da, db, n):
    last = 0
    negative = 0
    for i in range(n):
        last = (a + da * i) * (b - db * i)
        if last < 0:
            negative += 1
    return last, negative


for base in (2, 3, -2, -3, 10, 7919, -65537):
    print(base, powers(base, 1500))

for a in (0, 1, -1, 46340, 3037000499, -3037000500, 1 << 31, 1 << 32, (1 << 62) - 200):
    print(a, products(a, a, 1, 1, 600), products(a, -a, 3, -7, 600))

# The squares around the root of 2^63, one by one.
hits = []
for i in range(3037000499 - 300, 3037000499 + 300):
    square = i * i
    if square >= (1 << 63) - 1:
        hits.append(i)
print(hits[0], len(hits), square)

# The most negative 64-bit number times -1, and near it.
x = -(1 << 63) - 400
seen = []
for i in range(800):
    y = (x + i) * -1
    if (1 << 63) - 2 <= y <= (1 << 63) + 1:
        seen.append((i, y))
print(seen)
