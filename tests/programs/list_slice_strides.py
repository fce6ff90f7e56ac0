# native: yes
# exits: vary
"""Slices with a step, and slices of lists that are assigned to: all bounds, every sequence, what dies meanwhile."""

BOUNDS = [None, -7, -5, -3, -1, 0, 1, 2, 4, 5, 9, 2**40, -(2**40)]
STEPS = [None, 1, 2, 3, 7, -1, -2, -5, 2**62, -(2**62)]
SEQUENCES = [[0, 1, 2, 3, 4], (0, 1, 2, 3, 4), "abcdé", "abcde", b"abcde", [], (), "", b""]


def strides(sequence):
    found = []
    for step in STEPS:
        for start in BOUNDS:
            for stop in BOUNDS:
                found.append(sequence[start:stop:step])
    return found


for sequence in SEQUENCES:
    found = strides(sequence)
    expected = [sequence[slice(a, b, c)] for c in STEPS for a in BOUNDS for b in BOUNDS]
    print(sequence, len(found), found == expected, {type(f).__name__ for f in found}, sum(f is sequence for f in found))


def reverse_prefixes(n):
    """Fannkuch's flips."""
    items, total = list(range(12)), 0
    for i in range(n):
        k = i % 12
        items[: k + 1] = items[k::-1]
        total += items[0] * i
    return items, total


print(reverse_prefixes(3000))


def fixed(sequence, n):
    total = 0
    for _ in range(n):
        total += len(sequence[::-1]) + len(sequence[1::2]) + len(sequence[:-1:3])
    return total


for sequence in SEQUENCES:
    print(fixed(sequence, 500))


def zero(sequence, n):
    caught = 0
    for i in range(n):
        try:
            sequence[:: i % 5]
        except ValueError as error:
            caught += 1
            text = str(error)
    return caught, text


print(zero([1, 2], 400), zero("ab", 400))


class Dies:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        died.append((self.name, len(shared)))


class Index:
    def __index__(self):
        died.append("index")
        return 1


class Sub(list):
    def __getitem__(self, key):
        return "got", key

    def __setitem__(self, key, value):
        died.append(("set", key))


died = []
shared = []


def replace(n):
    """What is replaced dies in the middle of the assignment."""
    for i in range(n):
        shared[1:3] = [Dies(i), 7] if i % 50 == 49 else [i, i + 1]
        if i % 100 == 0:
            shared[:] = shared
        if i % 100 == 1:
            shared[2:1] = (8, 9)
        if i % 100 == 2:
            del shared[3:]
    return list(map(type, shared))


print(replace(400), died)
died.clear()


def mixed(n):
    found = set()
    targets = [[1, 2, 3], Sub([1, 2, 3]), [4, 5, 6]]
    for i in range(n):
        target = targets[2 * (i % 100 > 50) if i % 25 else 1]
        target[0:2] = (i, i)
        found.add(str(target[::-1])[:20] if type(target) is Sub else type(target[::-1]))
        if i % 40 == 0:
            found.add(tuple([1, 2, 3][Index() :: 2]))
    return len(found), died[:3], len(died)


print(mixed(600))
died.clear()


def temporaries(n):
    """The sequence dies with its slice."""
    total = 0
    for i in range(n):
        total += len([Dies(i), i][::-1]) + len((Dies(i), i)[::2]) + (i, 2)[::-1][0]
    return total, len(died)


print(temporaries(300), died[:6])


def resized(n):
    """Lists that grow and shrink by assignment."""
    items = []
    for i in range(n):
        items[len(items) :] = [i, i]
        items[0:1] = ()
        if len(items) > 20:
            items[5:15] = items[0:2]
    return items


print(resized(700))


def wrong(n):
    errors = set()
    for i in range(n):
        items = [1, 2, 3]
        try:
            items[0:2] = i if i % 30 == 29 else (4, 5)
        except TypeError as error:
            errors.add(str(error))
    return items, errors


print(wrong(300))


def constants(sequence, n):
    """Slices of constants, which the compiler makes once."""
    seen = set()
    for i in range(n):
        a, b, c, d = sequence[1:], sequence[:-1], sequence[:], sequence[-2:3]
        e, f, g, h = sequence[::-1], sequence[1:10:2], sequence[2**70 :], sequence[5:1]
        seen.add((str(a), str(b), str(c), str(d), str(e), str(f), str(g), str(h), c is sequence, a is sequence))
    return seen


for sequence in SEQUENCES:
    print(constants(sequence, 300))
print(constants(Sub([1, 2]), 300))


def assigned(n):
    items, other = [1, 2, 3], [[Dies("o")]]
    for i in range(n):
        items[:] = [i, i, i]
        items[1:] = (i, 5, 6, 7)
        items[:0] = items
        items[::2] = items[1::2]
        other[0:1] = [[Dies("a")] if i % 40 == 0 else [i]]
        other[:] = other
        del items[4:], items[:1]
        if i % 50 == 0:
            try:
                items[::2] = [1]
            except ValueError as error:
                text = str(error)
    return items, len(other), text, len(died)


died.clear()
print(assigned(400))


def constant_temporaries(n):
    total = 0
    for i in range(n):
        total += len([Dies(i), i][:1]) + len((Dies(i), i)[1:]) + len([Dies(i), i][:])
    return total, len(died)


died.clear()
print(constant_temporaries(300), died[:9])
