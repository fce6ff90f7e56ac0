# native: yes
"""Versions of instructions that tier 1 chooses by what it sees, and what must make each of them give way."""
import abc


def characters(texts):
    out = []
    for text in texts:
        for i in range(-len(text), len(text)):
            out.append(text[i])
        try:
            text[len(text)]
        except IndexError as e:
            out.append(str(e))
    return "".join(out)


for _ in range(40):
    seen = characters(["plain ascii", "latin: \xe9a\xff", "wide: \u20aca\u3042", "wider: \U0001f600a", "", "x"])
print(ascii(seen))


class Text(str):
    def __eq__(self, other):
        return "mine"

    __hash__ = str.__hash__


def equal(a, b):
    n = 0
    if a == b:
        n += 1
    if a != b:
        n += 2
    if not a == b:
        n += 4
    return n, a == b, a != b


pool = ["", "a", "b", "ab", "ac", "".join(["a", "b"]), "\xe9", "\xe8", "\xe9b", "\u20ac", "\u20ad", "\u20acb", "a" * 50,
        "a" * 49 + "b", "".join(["a"] * 50)]
for turn in range(12):
    results = [equal(a, b) for a in pool for b in pool]
print(results.count((1, True, False)), results.count((6, False, True)), len(results))
print(equal("a", Text("a")), equal(Text("a"), "b"), equal("a", 1), equal(1, "a"), equal(None, "a"))


def order(a, b):
    n = 0
    if a < b:
        n += 1
    if not a <= b:
        n += 2
    while a > b:
        n += 4
        break
    if a >= b:
        n += 8
    return n, a < b, a <= b, a > b, a >= b


ordered = pool + ["\0", "\0a", "a\0", "\x7f", "\x80", "Z"]
for turn in range(12):
    results = [order(a, b) for a in ordered for b in ordered]
print([results.count(r) for r in sorted(set(results))], results[7 * len(ordered) :][: len(ordered)])


class Backwards(str):
    def __lt__(self, other):
        return ["less"]

    def __gt__(self, other):
        return []


def less(a, b):
    if a < b:
        return a < b
    return "no", a < b


def mixed(values):
    out = []
    for a in values:
        for b in values:
            try:
                out.append(less(a, b))
            except TypeError as error:
                out.append(str(error))
    return out


for turn in range(12):
    seen = mixed(["b", Backwards("a"), 1, 2.5, 1 << 70, -1e300, float("nan"), True, (1, 2), [], None, b"x", {1}])
print(seen)


class Unsure:
    """What a comparison with it gives has no truth."""

    def __init__(self, n):
        self.n = n

    def __lt__(self, other):
        return self

    def __bool__(self):
        raise OverflowError(self.n)

    def __del__(self):
        log.append(self.n)


log = []
for n in range(50):
    try:
        if Unsure(n) < Unsure(-n):
            print("never")
    except OverflowError as error:
        log.append(str(error))
    error = None
print(log)


def fresh(n):
    # Both operands are temporary, and die in the comparison.
    k = 0
    for i in range(n):
        if str(i) + "x" == str(i % 7) + "x":
            k += 1
        if "a" + str(i) in {"a1", "a2"}:
            k += 10
        if str(i) in str(i + 1) + str(i):
            k += 100
    return k


print(fresh(300))


class Odd:
    def __init__(self, name):
        self.name = name

    def __contains__(self, key):
        print("asked", self.name, key)
        return key == 3

    def __del__(self):
        print("gone", self.name)


class Bag(dict):
    def __contains__(self, key):
        return key == "bag"


def search(container, key):
    if key in container:
        return "in"
    if key not in container:
        return "out"


def searching():
    containers = [{1, 2}, frozenset([1, 2]), {1: 2}, [1, 2], (1, 2), range(3), {"a": 1}.keys(), Bag(), "text", b"bytes"]
    found = []
    for container in containers:
        for _ in range(30):
            for key in 1, "t", b"b", 2.0, "bag", []:
                try:
                    found.append(search(container, key))
                except TypeError as e:
                    found.append(str(e))
    return found


found = searching()
print(len(found), [(w, found.count(w)) for w in sorted(set(map(str, found)))])
for i in range(4):
    print(search(Odd(i), 3), 3 in Odd("dies"))


class Quiet(abc.ABC):
    @classmethod
    def __subclasshook__(cls, other):
        return other.__name__.startswith("Y") or NotImplemented


class Yes:
    pass


class No:
    pass


class Claims:
    @property
    def __class__(self):
        return Yes


def kinds(x):
    return [isinstance(x, (int, str)), isinstance(x, (Quiet, int)), isinstance(x, (Yes, (list, No))), isinstance(x, ()),
            isinstance(x, (dict, Yes))]


for _ in range(60):
    answers = [kinds(x) for x in (1, "a", True, Yes(), No(), Claims(), [], 2.5, Yes)]
for line in answers:
    print(line)
try:
    isinstance(1, (str, 3))
except TypeError as e:
    print(e)
print(isinstance(1, (int, 3)))


class Wide:
    """More attributes than instances keep inline: they live in a dict."""

    kind = "of the class"

    def __init__(self):
        for i in range(60):
            setattr(self, f"a{i}", i)

    def method(self, n):
        return self.a1 + n

    def other(self, n):
        return self.a2 - n


def use(wide, n):
    total = []
    for i in range(n):
        total.append((wide.method(i), wide.kind))
        if i == n - 20:
            wide.method = lambda n: "own"
        if i == n - 15:
            wide.kind = "of the instance"
        if i == n - 10:
            del wide.method, wide.kind
        if i == n - 5:
            Wide.method = Wide.other
            Wide.kind = "changed"
    return total


plain = Wide.method
for _ in range(8):
    wide = Wide()
    result = use(wide, 80)
    Wide.method, Wide.kind = plain, "of the class"
print(result[0], result[58:])
many = [Wide() for _ in range(20)]
print([use(w, 3)[2] for w in many if not setattr(Wide, "method", plain)])


class Handlers:
    def one(self, x):
        return "one", x

    def two(self, x):
        return "two", x

    def three(self, x, y=3):
        return "three", x, y

    def four(self, *args):
        return "four", args


def dispatch(handlers, n):
    out = []
    for i in range(n):
        handler = handlers[i % len(handlers)]
        try:
            out.append(handler(i))
        except TypeError as e:
            out.append(str(e))
    return out


h = Handlers()
for _ in range(5):
    out = dispatch([h.one, h.two, h.one], 40)
    out += dispatch([h.one, h.two, h.three, h.four, len, Handlers.one, str], 40)
print(out[-14:])
Handlers.one.__code__ = Handlers.two.__code__
print(dispatch([h.one, h.two], 4))
Handlers.two.__defaults__ = (5,)
Handlers.two.__code__ = Handlers.three.__code__
print(dispatch([h.one, h.two], 4))
# The bound method dies in the call.
print([getattr(h, name)(1) for name in ("one", "two") * 20][-2:])
