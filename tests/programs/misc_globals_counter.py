# `global` counters, linear congruential generators, bit tricks, primes: classic small integer programs.
# native: yes

seed = 42
calls = 0
history = []


def random():
    global seed, calls
    calls += 1
    seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
    return seed


def shuffle(lst):
    for i in range(len(lst) - 1, 0, -1):
        j = random() % (i + 1)
        lst[i], lst[j] = lst[j], lst[i]
    return lst


def quicksort(lst, low, high):
    while low < high:
        pivot = lst[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while lst[i] < pivot:
                i += 1
            while lst[j] > pivot:
                j -= 1
            if i <= j:
                lst[i], lst[j] = lst[j], lst[i]
                i += 1
                j -= 1
        if j - low < high - i:
            quicksort(lst, low, j)
            low = i
        else:
            quicksort(lst, i, high)
            high = j


def is_prime(n):
    if n < 2:
        return False
    i = 2
    while i * i <= n:
        if n % i == 0:
            return False
        i += 1
    return True


def power_mod(base, exponent, modulus):
    result = 1
    while exponent:
        if exponent & 1:
            result = result * base % modulus
        base = base * base % modulus
        exponent >>= 1
    return result


def popcount(x):
    count = 0
    while x:
        x &= x - 1
        count += 1
    return count


def xorshift(n):
    x = 88172645463325252
    for _ in range(n):
        x ^= (x << 13) & 0xFFFFFFFFFFFFFFFF
        x ^= x >> 7
        x ^= (x << 17) & 0xFFFFFFFFFFFFFFFF
    return x


def crc32(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xEDB88320 if crc & 1 else crc >> 1
    return crc ^ 0xFFFFFFFF


def isqrt(n):
    x = n
    y = (x + 1) // 2
    while y < x:
        x = y
        y = (x + n // x) // 2
    return x


lst = shuffle(list(range(500)))
print(lst[:5], calls, seed)
quicksort(lst, 0, len(lst) - 1)
print(lst == list(range(500)))
quicksort(floats := [random() / 1000 for _ in range(300)], 0, 299)
print(floats == sorted(floats), floats[0])
print(
    sum(is_prime(i) for i in range(600)),
    power_mod(3, 10**30, 10**9 + 7),
    power_mod(7, 1 << 80, (1 << 61) - 1),
)
print(sum(popcount(i) for i in range(600)), popcount((1 << 90) - 1), xorshift(700))
print(hex(crc32(b"123456789" * 8)), isqrt(10**60), sum(isqrt(i) for i in range(1, 300)))
