# native: yes
"""array.array and bytearray: items, lengths, edges of their types, and arrays that change under a loop."""
from array import array
import sys


def show(f, *args):
    try:
        return f(*args)
    except Exception as e:
        return type(e).__name__, str(e), e.__traceback__.tb_next and e.__traceback__.tb_next.tb_lineno


def total(a):
    s = 0
    for i in range(len(a)):
        s += a[i]
    return s


def fill(a, values):
    n = len(values)
    for i in range(len(a)):
        a[i] = values[i % n]
    return a


EDGES = {
    "b": [-128, 127, 0], "B": [0, 255, 1], "h": [-32768, 32767], "H": [0, 65535], "i": [-2**31, 2**31 - 1],
    "I": [0, 2**32 - 1], "l": [-2**63, 2**63 - 1], "L": [0, 2**63 - 1, 2**64 - 1], "q": [-2**63, 2**63 - 1, 5],
    "Q": [0, 2**64 - 1], "f": [0.1, -0.0, 1e300, 3], "d": [0.1, -0.0, 2**53 + 1, 7, float("inf")],
}
for code, edges in EDGES.items():
    a = array(code, [0]) * 300
    print(code, show(fill, a, edges), show(total, a))
    for wrong in (edges[0] - 1, edges[-1] + 1, 1.5, "x", None, True, 2**70):
        if code in "fd" and wrong == 2**70:
            continue
        print(code, wrong, show(fill, array(code, [0]) * 300, [edges[0]] * 250 + [wrong]))

b = bytearray(300)
print(show(fill, b, [1, 255, 0])[:9], show(total, b))
for wrong in (-1, 256, 1.5, None, True, 2**70):
    print(wrong, show(fill, bytearray(300), [7] * 250 + [wrong]))


def at(a, i, n=300):
    x = None
    for k in range(n):
        x = a[i if k > n - 20 else -1 if k & 1 else 0]
    return x


for i in (0, 1, -1, -3, 2, 3, -4, 2**40, -2**70, True, "1", slice(0, 2)):
    print(i, show(at, array("d", [1.0, 2.0, 3.0]), i), show(at, bytearray(b"abc"), i))


def put(a, i, n=300):
    for k in range(n):
        a[i if k > n - 20 else -1 if k & 1 else 0] = 1
    return a


for i in (0, 1, -1, -3, 2, 3, -4, 2**40, True, "1"):
    print(i, show(put, array("d", [5.0, 5.0, 5.0]), i), show(put, bytearray(b"abc"), i))


# Types of items, and classes, that change in a running loop.
class Sub(array):
    def __getitem__(self, i):
        return 1000


class Bytes(bytearray):
    def __setitem__(self, i, v):
        super().__setitem__(i, 9)


def pick(arrays, n=400):
    s = 0
    for k in range(n):
        s += arrays[k * len(arrays) // n][k & 1]
    return s


print(pick([array("d", [1.5, 2.5])]))
print(pick([array("d", [1.5, 2.5]), array("i", [1, 2]), array("f", [0.5, 0.25]), Sub("d", [1, 2]), bytearray(b"ab"), [7, 8]]))
print(fill(Bytes(5), [1]), fill(Sub("i", [1, 2]), [3]).tolist())


# Arrays that grow, shrink or move meanwhile; by what is called, by a view.
def resized(a, how):
    s = 0
    for k in range(500):
        if k == 400:
            how(a)
        s += a[k % 3]
        a[k % 3] = k & 63
    return s, list(a)[:5]


print(show(resized, array("i", [1, 2, 3]), lambda a: a.extend(range(1000))))
print(show(resized, array("i", [1, 2, 3]), lambda a: a.pop()))
print(show(resized, bytearray(b"abc"), lambda a: a.extend(bytes(1000))))
print(show(resized, bytearray(b"abc"), lambda a: a.clear()))
print(show(resized, bytearray(b"abcdef"), lambda a: a.__delitem__(slice(0, 2))))


def shared(n=500):
    a = array("d", [0.0, 0.0])
    view = memoryview(a).cast("B")
    seen = 0.0
    for k in range(n):
        a[0] = float(k)
        seen += a[0]
        if k % 100 == 99:
            view[6] = 1
            seen += a[0]
    return seen, a[0], a[1]


print(shared())


def nan_bits(n=300):
    a = array("d", [0.0])
    raw = memoryview(a).cast("B").cast("Q")
    out = array("d", [0.0])
    raw[0] = 0x7FF0000000000001
    for k in range(n):
        out[0] = a[0]
    return hex(memoryview(out).cast("B").cast("Q")[0])


print(nan_bits())


def counts(n=400):
    value, a = 12345678.5, array("d", [1.0])
    for k in range(n):
        a[0] = value
        x = a[0]
    return sys.getrefcount(value), sys.getrefcount(a), x == value, x is value


print(counts())


def loaded(n=300):
    a = bytearray(3)
    for k in range(n):
        a[k % 3] += 1 if a[k % 3] < 200 else -100
    return a


print(loaded())
