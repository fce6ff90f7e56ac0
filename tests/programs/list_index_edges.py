# Index negative, out of range, beyond 64 bits, of the wrong type: caught and at last uncaught.
# native: yes
# exit: 1


def walk(lst, indices):
    good = 0
    bad = []
    for k, i in enumerate(indices):
        try:
            good += lst[i]
        except (IndexError, TypeError) as error:
            bad.append((k, type(error).__name__, str(error)))
    return good, bad


lst = list(range(100))
print(walk(lst, [i % 100 for i in range(800)]))
print(walk(lst, [i % 250 - 125 for i in range(800)])[0])
print(walk(lst, [i % 250 - 125 for i in range(800)])[1][:3])
print(
    walk(
        lst,
        [5] * 300 + [1 << 63, -(1 << 63), 1 << 64, -(1 << 64), 1.0, "1", None, True] + [6] * 300,
    )
)
print(walk([], [0, -1, 1] * 200)[1][-2:])


def store(lst, n):
    failures = 0
    for i in range(n):
        try:
            lst[i - 50] = i
        except IndexError:
            failures += 1
    return failures, sum(lst)


print(store([0] * 100, 700))


def negative_walk(lst):
    total = 0
    i = -1
    while i >= -len(lst):
        total = total * 3 % 1000003 + lst[i]
        i -= 1
    return total


print(negative_walk(list(range(900))))


def tuples_and_strings(n):
    t = tuple(range(20))
    s = "abcdefghijklmnopqrst"
    out = 0
    failures = 0
    for i in range(n):
        try:
            out += t[i % 27 - 5] + ord(s[i % 31 - 10])
        except IndexError as error:
            failures += len(str(error))
    return out, failures


print(tuples_and_strings(900))


def overrun(lst):
    i = 0
    total = 0
    while True:
        total += lst[i]
        i += 1


try:
    overrun([1] * 777)
except IndexError as error:
    print(
        error,
        error.__traceback__.tb_next.tb_lineno,
        error.__traceback__.tb_next.tb_frame.f_locals["i"],
    )
overrun([1.5] * 777)
