# native: stressed
"""Reference counts of numbers that are constants of the code: in variables, as arguments, in arithmetic."""
import sys


def variable(n):
    x = 12345678.5
    y = 10**20
    for _ in range(n):
        pass
    return sys.getrefcount(x), sys.getrefcount(y)


def argument():
    return sys.getrefcount(87654321.25), sys.getrefcount(98765432198765), sys.getrefcount("a text of its own")


def two_of_them(f):
    a = 7654321.5
    b = a
    return f(a), f(b)


def arithmetic(n):
    t = 0.0
    for i in range(n):
        k = 31415926.5
        t = t + 2.5 + k
        t = t * 0.5 + i * 1000000007
    return t, sys.getrefcount(k)


for _ in range(3):
    print(variable(3), argument(), two_of_them(sys.getrefcount), arithmetic(400))
print(variable(1000))
