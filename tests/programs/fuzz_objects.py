# Random loops over objects: attributes and methods rebound, opaque callees, exceptions, generators, dying objects.
# native: yes
# args: 1 40

"""fuzz_objects.py [SEED [COUNT [show]]] prints results and event logs of generated programs."""

import random
import sys
import traceback

PRELUDE = """
import sys

log = []
scale = 2

class Noisy:
    def __init__(self, value):
        self.value = value

    def __del__(self):
        log.append(self.value)

    def __add__(self, other):
        return self.value + other

    def __lt__(self, other):
        return self.value < other

class Base:
    weight = 3

    def __init__(self, p, q=1):
        self.p = p
        self.q = q

    def get(self, k):
        return self.p + k * self.weight

    def put(self, v):
        if v == 13:
            raise ValueError("thirteen")
        self.p = v % 1009
        return self

    @property
    def both(self):
        return self.p + self.q

class Derived(Base):
    weight = 0.5

    def get(self, k):
        return super().get(k) - self.q

class Slotted:
    __slots__ = ("p", "q")

    def __init__(self):
        self.p, self.q = 7, 0

    def get(self, k):
        return self.p ^ (k & 15)

    def put(self, v):
        self.p = v & 1023 if isinstance(v, int) else 1
        return self

    @property
    def both(self):
        return self.q - self.p

def counter(start):
    value = start

    def step(by=1):
        nonlocal value
        value = (value + by) % 10007
        return value

    return step

def numbers(limit):
    k = 0
    while k < limit:
        got = yield k
        k += 1 if got is None else got

def plain(u, v=2, *rest, key=0):
    return u * v - len(rest) + key if u != v else scale

def risky(u):
    if u % 11 == 3:
        raise KeyError(u)
    return u % 7

def caught(u):
    try:
        return risky(u)
    except KeyError as error:
        return -error.args[0]
    finally:
        log.append("f") if u % 50 == 0 else None

def toggle(obj, k):
    global scale
    actions[k % len(actions)](obj)
    scale = scale + 1 if scale != 5 else 0.5

def opaque(obj, k):
    sorted((k,), key=lambda v: toggle(obj, v))
    return k

def peek(k):
    frame = sys._getframe(1)
    while frame.f_code.co_name != "f":
        frame = frame.f_back
    local = frame.f_locals
    log.append(tuple(local[name] if isinstance(local[name], (int, float)) else type(local[name]).__name__ for name in "abi"))
    if k % 3 == 0:
        local["a"] = k
    return 1

def grow(obj):
    if not isinstance(obj, Slotted):
        obj.extra = len(obj.__dict__)

def shrink(obj):
    if not isinstance(obj, Slotted):
        obj.__dict__.pop("extra", None)

def heavier(obj):
    Base.weight = Base.weight + 1 if Base.weight < 9 else 0.25

def other_get(obj):
    Derived.get = (lambda self, k: k) if Derived.get is original_get else original_get

def replace_dict(obj):
    if not isinstance(obj, Slotted):
        obj.__dict__ = dict(obj.__dict__)

def change_class(obj):
    if not isinstance(obj, Slotted):
        obj.__class__ = Base if type(obj) is Derived else Derived

original_get = Derived.get
actions = (grow, shrink, heavier, other_get, replace_dict, change_class)
"""

NAMES = ("a", "b", "c")
OBJECTS = ("o", "d", "s")
ERRORS = "(ArithmeticError, LookupError, ValueError, TypeError, AttributeError)"


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines = []
        self.depth = 1
        self.loops = 1

    def emit(self, text, deeper=0):
        self.lines.append("    " * (self.depth + deeper) + text)

    def pick(self, *choices):
        return self.random.choice(choices)

    def name(self):
        return self.pick(*NAMES)

    def obj(self):
        return self.pick(*OBJECTS, "objects[i % 3]", "o")

    def number(self):
        return self.pick(
            "i",
            "j",
            "i",
            "1",
            "2",
            "7",
            "0.5",
            "-3",
            "i % 5",
            "i & 31",
            "True",
            "10 ** 10",
            self.name(),
            self.name(),
        )

    def value(self):
        n, m, o = self.number(), self.number(), self.obj()
        return self.pick(
            f"{n} + {m}",
            f"{n} - {m}",
            f"{n} * {m}",
            f"{o}.p",
            f"{o}.q + {n}",
            f"{o}.get({n})",
            f"{o}.get({n}) + {self.obj()}.get({m})",
            f"{o}.both",
            f"plain({n})",
            f"plain({n}, {m})",
            f"plain({n}, key={m})",
            f"plain({n}, {m}, 1, 2)",
            f"plain(*pair, key={n})",
            f"step({n})",
            "step()",
            "scale",
            f"caught(i + {self.random.randrange(9)})",
            f"risky(i + {self.random.randrange(9)})",
            f"Noisy(i) + {n}",
            f"Noisy(i).value * {n}",
            f"lst[{self.pick('i % 5', '-1', 'i & 3', 'j')}]",
            f"table.get(i % {self.random.randrange(2, 9)}, {n})",
            f"len(lst) + {n}",
            f"sum([{n} * k for k in range(i % 4)])",
            f"sum(v + {n} for v in numbers(3))",
            f"max({n}, {m})",
            f"abs({n})",
            f"({n} if {self.test()} else {m})",
            f"(lambda v, w={n}: v + w)({m})",
            "type(o).__name__ == 'Base'",
            f"int({n} < {m})",
        )

    def test(self):
        return self.pick(
            f"i % {self.pick(2, 3, 7, 50)} == {self.pick(0, 1)}",
            f"{self.number()} < {self.number()}",
            f"{self.obj()}.p > {self.number()}",
            f"{self.name()}",
            f"isinstance({self.name()}, int)",
            f"{self.obj()} is {self.obj()}",
            f"i in ({self.random.randrange(300)}, {self.random.randrange(300)})",
            f"{self.number()} in lst",
        )

    def statement(self):
        o = self.obj()
        simple = (
            lambda: self.emit(f"{self.name()} = {self.value()}"),
            lambda: self.emit(f"{self.name()} = {self.value()}"),
            lambda: self.emit(f"{self.name()} += {self.value()}"),
            lambda: self.emit(f"{o}.p = {self.value()}"),
            lambda: self.emit(f"{o}.q += {self.number()}"),
            lambda: self.emit(f"{o}.put({self.number()}).put(i)"),
            lambda: self.emit(f"lst[i % 5] = {self.value()}"),
            lambda: self.emit(f"table[i % {self.random.randrange(2, 9)}] = {self.value()}"),
            lambda: self.emit(f"{self.name()}, {self.name()} = {self.number()}, {self.value()}"),
            lambda: self.emit("noisy = Noisy(i)"),
            lambda: self.emit(
                f"noisy = {self.pick('None', '[Noisy(-i)]', '(Noisy(i), Noisy(j))', 'noisy')}"
            ),
            lambda: self.emit("objects[i % 3], objects[j % 3] = objects[j % 3], objects[i % 3]"),
            lambda: self.rare(f"opaque({o}, i // 7)"),
            lambda: self.rare("a += peek(i)"),
            lambda: self.rare(
                self.pick(
                    "continue",
                    "lst.append(i)",
                    "lst.pop(0); lst.append(0)",
                    "table.clear()",
                    "d = Derived(i)",
                    "o = Base(i, 0.5)",
                    "step = counter(i)",
                )
            ),
        )
        compound = (self.branch, self.attempt, self.inner, self.walk)
        if self.depth < 5 and self.random.random() < 0.25:
            self.pick(*compound)()
        else:
            self.pick(*simple)()

    def rare(self, action):
        self.emit(f"if i % {self.pick(20, 50, 100)} == {self.random.randrange(20)}:")
        self.emit(action, 1)

    def block(self, fewest=1, most=3):
        self.depth += 1
        for _ in range(self.random.randint(fewest, most)):
            self.statement()
        self.depth -= 1

    def branch(self):
        self.emit(f"if {self.test()}:")
        self.block()
        if self.random.random() < 0.4:
            self.emit("else:")
            self.block()

    def attempt(self):
        self.emit("try:")
        self.block()
        if self.random.random() < 0.8:
            self.emit(f"except {ERRORS} as error:")
            self.emit("log.append(type(error).__name__) if i % 40 == 0 else None", 1)
            self.block(1, 1)
        else:
            self.emit("finally:")
            self.block(1, 1)

    def inner(self):
        if self.loops == 3:
            return
        self.loops += 1
        self.emit(f"for j in range({self.pick('3', 'i % 4', '8', '0')}):")
        self.block(1, 3)
        self.loops -= 1

    def walk(self):
        if self.loops == 3:
            return
        self.loops += 1
        source = self.pick("numbers(4)", "lst[:]", "pair", "objects", "list(table)", "enumerate(pair)")
        self.emit(f"for v in {source}:")
        self.depth += 1
        self.emit(
            f"{self.name()} = {'v.p' if source == 'objects' else 'v[1]' if 'enum' in source else 'v'}"
        )
        self.depth -= 1
        self.block(1, 2)
        self.loops -= 1

    def function(self):
        self.lines.append("def f(n):")
        self.emit("a, b, c = 1, 0.5, 3")
        self.emit("o, d, s = Base(1), Derived(2), Slotted()")
        self.emit("objects = [o, d, s]")
        self.emit("lst, table, pair = [0, 1, 2.5, 3, 4], {}, (4, 5)")
        self.emit("step, noisy, j = counter(0), None, 0")
        self.emit("for i in range(n):")
        guarded = self.random.random() < 0.7
        if guarded:
            self.depth += 1
            self.emit("try:")
        self.block(4, 10)
        if guarded:
            self.emit(f"except {ERRORS} as error:")
            self.emit("log.append(str(error)) if i % 30 == 0 else None", 1)
            self.depth -= 1
        # Numbers stay small, so that nothing takes long.
        for name in NAMES:
            self.emit(f"if not isinstance({name}, (int, float)) or not -1e12 < {name} < 1e12:", 1)
            self.emit(f"{name} = i", 2)
        self.emit("if i % 8 == 0:", 1)
        self.emit("for item in (*objects, o, d, s):", 2)
        self.emit("item.p, item.q = item.p % 1009, item.q % 11", 3)
        self.emit("if i % 40 == 39:", 1)
        self.emit("log.append((a, b, c, len(lst)))", 2)
        self.emit("return a, b, c, o.p, d.p, s.p, lst[:6], sorted(table)")
        return "\n".join(self.lines)


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    show = len(sys.argv) > 3
    for number in range(count):
        source = Generator(seed * 1000 + number).function()
        if show:
            print(source)
        namespace = {}
        exec(PRELUDE, namespace)
        exec(compile(source, "<fuzz>", "exec"), namespace)
        for n in (300, 90):
            try:
                result = namespace["f"](n)
            except Exception as error:
                where = [(t.name, t.lineno) for t in traceback.extract_tb(error.__traceback__)][1:]
                result = type(error).__name__, str(error), where
            print(number, n, result)
            log = namespace["log"]
            print("   ", len(log), log[:20], log[-12:])
            log.clear()


main()
