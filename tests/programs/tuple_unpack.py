# Unpacking: swaps, rotations, nested and starred targets, wrong lengths caught mid-loop.
# native: yes


def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def rotate(n):
    x, y, z = 1, 2.5, "s"
    for i in range(n):
        x, y, z = z, x, y
        if i % 5 == 0:
            x, y = y, x
    return x, y, z


def gcd(a, b):
    while b:
        a, b = b, a % b
    return a


def pairs(items):
    s = 0
    for i, (a, b) in enumerate(items):
        s += i * a - b
    return s


def starred(items):
    total = 0
    longest = 0
    for first, *middle, last in items:
        total += first * last
        longest = max(longest, len(middle))
    return total, longest


def wrong_length(items):
    log = []
    good = 0
    for k, item in enumerate(items):
        try:
            a, b = item
            good += a + b
        except (ValueError, TypeError) as error:
            log.append((k, str(error)))
    return good, log


print(fibonacci(90), fibonacci(93), fibonacci(300))
print(rotate(700), rotate(701))
print(
    sum(gcd(a, b) for a in range(1, 40) for b in range(1, 40)),
    gcd(3**200, 6**120) == 3**120,
)
print(pairs([(i, i * 0.5) for i in range(500)]), pairs([[i, 2] for i in range(500)]))
print(starred([(i,) + tuple(range(i % 4)) + (2,) for i in range(500)]))
print(wrong_length([(1, 2)] * 300 + [(1,), (1, 2, 3), [3, 4], 5, {7: 0, 8: 0}] + [(1.5, 2)] * 300))


def order_of_assignment(n):
    lst = [0, 0, 0]
    i = 0
    for _ in range(n):
        i, lst[i] = (i + 1) % 3, i + 10
    return i, lst


def swap_items(lst):
    """Bubble sort: counts its swaps."""
    swaps = 0
    for end in range(len(lst) - 1, 0, -1):
        for i in range(end):
            if lst[i] > lst[i + 1]:
                lst[i], lst[i + 1] = lst[i + 1], lst[i]
                swaps += 1
    return swaps, lst[:3], lst[-3:]


print(order_of_assignment(700), swap_items([i * 37 % 61 for i in range(61)]))
