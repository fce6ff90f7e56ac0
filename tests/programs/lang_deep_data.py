# Recursive programs over trees and lists of lists: tuples as nodes, isinstance dispatch, memo dictionaries.
# native: stressed
import sys


def tree(depth):
    return None if depth == 0 else (tree(depth - 1), depth, tree(depth - 1))


def total(node):
    if node is None:
        return 0
    left, value, right = node
    return total(left) + value + total(right)


def flatten(x):
    if isinstance(x, (list, tuple)):
        out = []
        for item in x:
            out.extend(flatten(item))
        return out
    return [x]


def evaluate(e, env):
    match e:
        case int() | float():
            return e
        case str():
            return env[e]
        case ("+", a, b):
            return evaluate(a, env) + evaluate(b, env)
        case ("*", a, b):
            return evaluate(a, env) * evaluate(b, env)
        case ("let", name, value, body):
            return evaluate(body, {**env, name: evaluate(value, env)})
    raise TypeError(f"cannot evaluate {e!r}")


def paths(w, h, memo={}):
    if w == 0 or h == 0:
        return 1
    if (w, h) not in memo:
        memo[w, h] = paths(w - 1, h) + paths(w, h - 1)
    return memo[w, h]


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


print(total(tree(12)), len(flatten([[1, [2, (3, [4])]] * 50, tree(6)])))
expression = ("let", "x", ("+", 2, ("*", 3, 4.5)), ("*", "x", ("+", "x", "y")))
print([evaluate(expression, {"y": i}) for i in range(100)][::30])
print(paths(18, 17), ackermann(2, 12), even(500), odd(333))
try:
    evaluate(("-", 1, 2), {})
except TypeError as error:
    print(error)
sys.setrecursionlimit(20000)
print(even(9000), odd(9001))
