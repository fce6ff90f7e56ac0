# Identity survives unboxing: `x is lst[i]`, values read and stored back, parameters, globals.
# native: yes


def same_object(lst):
    hits = 0
    for i in range(len(lst)):
        x = lst[i]
        if x is lst[i]:
            hits += 1
    return hits


def after_use(lst):
    """Arithmetic on x unboxes it; x itself must stay the object in the list."""
    hits = 0
    total = 0
    for i in range(len(lst)):
        x = lst[i]
        total = total + x * 2
        if x is lst[i]:
            hits += 1
        lst[i] = x
        if lst[i] is x:
            hits += 1
    return hits, total


def carried(items):
    """The largest item, as an object."""
    best = items[0]
    for x in items:
        if x > best:
            best = x
    return best


def through_call(x, y):
    return y if x < y else x


def by_call(items):
    best = items[0]
    for x in items:
        best = through_call(best, x)
    return best


ints = [i * 1_000_003 for i in range(700)]
floats = [i * 0.37 for i in range(700)]
print(same_object(ints), same_object(floats))
print(after_use(ints), after_use(floats))
print(carried(ints) is ints[-1], carried(floats) is floats[-1])
print(by_call(ints) is ints[-1], by_call(floats) is floats[-1])
print(any(a is not b for a, b in zip(ints, list(ints))))


def doubled(n):
    """One computed value stored twice is one object."""
    out = []
    for i in range(n):
        x = i * 1_000_003.5
        out.append(x)
        out.append(x)
    return sum(out[2 * i] is out[2 * i + 1] for i in range(n))


def unpacked(n):
    x, y = 10**9, 10.5
    a, b = x, y
    for _ in range(n):
        x, y = y, x
    return (x is a, y is b) if n % 2 == 0 else (x is b, y is a)


print(doubled(600), unpacked(600), unpacked(601))


class Box:
    def __init__(self, value):
        self.value = value


def boxes(n):
    value = 123456789.25
    box = Box(value)
    same = 0
    for _ in range(n):
        box.value = box.value
        same += box.value is value
        y = box.value + 0.0
        same += y is not value
    return same


print(boxes(800))
