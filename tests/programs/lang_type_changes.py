# One hot loop fed with one type after another: every operator site sees each type become common, then rare again.
# native: yes
class Vec:
    def __init__(self, x):
        self.x = x

    def __add__(self, o):
        return Vec(self.x + (o.x if isinstance(o, Vec) else o))

    __radd__ = __add__

    def __lt__(self, o):
        return self.x < (o.x if isinstance(o, Vec) else o)

    def __gt__(self, o):
        return self.x > (o.x if isinstance(o, Vec) else o)

    def __repr__(self):
        return f"Vec({self.x})"


def fold(items, start):
    acc = start
    low = items[0]
    for item in items:
        acc = acc + item
        if item < low:
            low = item
    return acc, low


def subscript(container, keys):
    total = 0
    for key in keys:
        total += len(str(container[key]))
    return total


rounds = [
    ([i for i in range(500)], 0),
    ([i * 0.5 for i in range(500)], 0.0),
    (["ab", "c"] * 200, ""),
    ([(i,) for i in range(300)], ()),
    ([[i] for i in range(300)], []),
    ([Vec(i % 50) for i in range(400)], Vec(0)),
    ([2**62 + i for i in range(300)], 1),
    ([True, False] * 200, 0),
    ([i if i % 2 else i * 1.0 for i in range(400)], 0),
]
for _ in range(2):
    for items, start in rounds:
        acc, low = fold(items, start)
        print(type(acc).__name__, repr(acc)[-30:], low)
print(subscript([1, 22, 333], [0, 1, 2, -1] * 200), subscript((1, 2), [0, 1] * 200))
print(subscript({"a": 1, "b": 22}, ["a", "b"] * 200), subscript("xyz", [0, 2] * 200))
print(subscript(bytes(range(9)), [3, 8] * 200), subscript(range(5, 50), [3, 8] * 200))
try:
    fold([1, 2, "x"] * 100, 0)
except TypeError as error:
    print(error)
