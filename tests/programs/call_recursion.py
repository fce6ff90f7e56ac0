# Recursion: fib, ackermann, mutual, through methods, with growing arguments.
# native: yes


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def ackermann(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann(m - 1, 1)
    return ackermann(m - 1, ackermann(m, n - 1))


def even(n):
    return True if n == 0 else odd(n - 1)


def odd(n):
    return False if n == 0 else even(n - 1)


def factorial(n):
    return 1 if n == 0 else n * factorial(n - 1)


def power(x, n):
    if n == 0:
        return x**0
    half = power(x, n // 2)
    return half * half * x if n % 2 else half * half


def hanoi(n, a, b, c, moves):
    if n:
        hanoi(n - 1, a, c, b, moves)
        moves[0] += n * a - c
        hanoi(n - 1, b, a, c, moves)


def permutations(items, k, out):
    if k == len(items):
        out.append(items[0] * 100 + items[-1])
        return
    for i in range(k, len(items)):
        items[k], items[i] = items[i], items[k]
        permutations(items, k + 1, out)
        items[k], items[i] = items[i], items[k]


class Tree:
    def __init__(self, depth):
        self.depth = depth
        self.left = Tree(depth - 1) if depth else None
        self.right = Tree(depth - 2) if depth > 1 else None

    def size(self):
        return 1 + (self.left.size() if self.left else 0) + (self.right.size() if self.right else 0)


print(
    fib(17),
    ackermann(2, 9),
    even(200),
    odd(333),
    hash(factorial(60)) & 0xFFFF,
    factorial(20),
    factorial(21),
)
print(power(3, 200), power(1.01, 300), power(True, 5), power(2, 64))
moves = [0]
hanoi(10, 1, 2, 3, moves)
out = []
permutations([1, 2, 3, 4, 5, 6], 0, out)
print(moves, len(out), sum(out), Tree(12).size())


def recursion_in_loop(n):
    total = 0
    for i in range(n):
        total += fib(i % 9) + factorial(i % 25) % 1009
    return total


def accumulate(n, acc):
    return acc if n == 0 else accumulate(n - 1, acc + n)


print(recursion_in_loop(300), [accumulate(200, x) for x in (0, 0.5, 1 << 62, 1j)])
