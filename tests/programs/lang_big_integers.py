# Arithmetic beyond machine words in hot loops: factorials, Fibonacci, gcd, modular powers, shifts, digits.
# native: yes
def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def factorial(n):
    product = 1
    for i in range(2, n):
        product *= i
    return product


def gcd(a, b):
    while b:
        a, b = b, a % b
    return a


def power(base, exponent, modulus):
    result = 1
    while exponent:
        if exponent & 1:
            result = result * base % modulus
        base = base * base % modulus
        exponent >>= 1
    return result


def digits(n):
    total = 0
    while n:
        n, d = divmod(n, 10)
        total += d
    return total


def mixed(n):
    x = 1
    for i in range(n):
        x = (x * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        x ^= x >> 29
        x = -x if i % 97 == 0 else x
        x = abs(~x)
    return x


print(fibonacci(400), fibonacci(93), fibonacci(92))
print(factorial(60), factorial(22), factorial(21))
print(gcd(fibonacci(300), fibonacci(210)), gcd(-48, 36), gcd(48, -36))
print(power(3, 10**30, 10**18 + 9), pow(3, 10**30, 10**18 + 9))
print(digits(factorial(200)), digits(2**64))
print(mixed(3000))
total = 0
for i in range(500):
    total += (1 << i) % 1000003 - (-(1 << i) >> 7) % 1009 + (3**i // 2**i)
print(total)
