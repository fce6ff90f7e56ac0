# hash() of ints and floats across sizes, equal keys of different types, -1's hash.
# native: no


def hashes(n):
    checksum = 0
    for i in range(-n, n):
        for x in (i, i << 31, i << 60, i * 0.5, float(i)):
            checksum = (checksum * 31 + hash(x)) & 0xFFFFFFFFFFFFFFFF
            if x == int(x) and hash(x) != hash(int(x)):
                raise AssertionError(x)
    return checksum


print(hashes(300))
M = (1 << 61) - 1
print([hash(x) for x in (-1, -2, 0, M, M + 1, -M, 2 * M + 5, 1 << 61, True, 1.0, -1.0, 0.5)])
print([hash(float(x)) for x in ("inf", "-inf", "1e300", "-0.0")])


def equal_keys(n):
    table = {}
    for i in range(n):
        k = i % 50
        if i % 3 == 0:
            key = k
        elif i % 3 == 1:
            key = float(k)
        else:
            key = bool(k) if k < 2 else k + 0j
        table[key] = table.get(key, 0) + 1
    return table


table = equal_keys(900)
print(len(table), sorted((k.real, type(k).__name__, v) for k, v in table.items())[:6])


def set_of_sums(n):
    seen = set()
    x = 1
    for i in range(n):
        x = (x * 1103515245 + 12345) % (1 << 64)
        seen.add(x >> 54)
    return len(seen), min(seen), max(seen)


print(set_of_sums(1500))
