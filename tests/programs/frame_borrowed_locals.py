# Arguments that a callee's locals borrow from its caller, overwritten by stores that are put off.
# native: yes

import sys


def keep_and_replace(n, x):
    """From the 101st turn on x becomes an int, then a list, then an int."""
    total = 0
    for i in range(n):
        if i > 100:
            x = x + 1
            total += x
            x = [i]
            total += x[0]
            x = 1000 + i
    return total, x


def one_iteration(n, x):
    """x alternates between types: no loop carries it unboxed, each iteration stores it."""
    for i in range(n):
        if i > 100:
            x = i * 1000 if i & 1 else i * 0.5
    return x


def caller(n, base):
    y = base * 1000
    z = base * 0.5
    for _ in range(8):
        print(keep_and_replace(n, y), y, sys.getrefcount(y))
        print(one_iteration(n, z), z, sys.getrefcount(z))


caller(400, 7)
caller(130, 9)


def sort(items, low, high):
    """The recursion's arguments are the locals of the level above; each level overwrites them."""
    while low < high:
        i, j = low, high
        pivot = items[(low + high) // 2]
        while i <= j:
            while items[i] < pivot:
                i += 1
            while items[j] > pivot:
                j -= 1
            if i <= j:
                items[i], items[j] = items[j], items[i]
                i += 1
                j -= 1
        sort(items, low, j)
        low = i


numbers = [(k * 7919 + 31) % 100003 for k in range(1500)]
sort(numbers, 0, len(numbers) - 1)
print(numbers == sorted(numbers), numbers[::250])


def descend(n, a, b):
    while n > 0:
        a, b = b + 500, a + 300
        if n & 1:
            descend(n - 40, a, b)
        n -= 1
    return a - b


def start():
    a, b = int("70000"), int("90000")
    print(descend(90, a, b), sys.getrefcount(a), sys.getrefcount(b))


start()
