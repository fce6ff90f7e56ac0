# Random loop functions from a seeded generator: arithmetic, branches, lists, calls, exceptions, late type changes.
# native: yes
# args: 1 40

"""fuzz_loops.py [SEED [COUNT [show]]] prints what each generated function returns or raises."""

import random
import sys
import traceback

SMALL = (0, 1, -1, 2, 3, 7, -7, 10, 255)
EDGES = tuple(
    sign * ((1 << bits) + delta)
    for bits in (30, 31, 53, 59, 60, 62, 63, 64)
    for delta in (-1, 0, 1)
    for sign in (1, -1)
)
FLOATS = ("0.0", "-0.0", "0.5", "-1.5", "3.25", "1e10", "-1e-5", "1e300", "inf", "nan")
DIVISORS = ("2", "3", "7", "-7", "10", "64", "-1", "0.5", "-1.5", str(1 << 33))
NAMES = ("a", "b", "c", "x", "y")
ERRORS = "(ArithmeticError, ValueError, TypeError)"

PRELUDE = """
inf, nan = float("inf"), float("nan")

def bounded(v):
    return v if -1e25 < v < 1e25 else 11

def leaf(u, v):
    if u > v:
        return u - v
    return v

def middle(u, v=3):
    w = leaf(v, u)
    return w * 2 - leaf(u, 1)

def integer(v):
    try:
        return int(v) & 0xFFFFFFFFFFFFFFFFFFFF
    except (OverflowError, ValueError):
        return 5

def tweak():
    global scale
    scale = scale + 1 if scale < 6 else 0.5

class Box:
    def __init__(self):
        self.p, self.q = 1, 2.5
        self.trail = []

    def method(self, u, v):
        self.p = bounded(v)
        return u + self.q if u != v else self.p
"""


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines = []
        self.depth = 0
        self.counters = []

    def chance(self, probability):
        return self.random.random() < probability

    def choose(self, *weighted):
        """Choose among pairs of a weight and a function, and call it."""
        weights, functions = zip(*weighted)
        return self.random.choices(functions, weights)[0]()

    def emit(self, text):
        self.lines.append("    " * self.depth + text)

    # Expressions

    def counter(self):
        return self.counters[-1] if self.chance(0.7) else self.random.choice(self.counters)

    def name(self):
        return self.random.choice(NAMES)

    def constant(self):
        if self.chance(0.25):
            return self.random.choice(FLOATS)
        return repr(self.random.choice(SMALL if self.chance(0.75) else EDGES))

    def index(self):
        if self.chance(0.2):
            return self.random.choice(("-1", "3", "0"))
        return self.counter() + self.random.choice((" % 8", " & 7", " % 16 - 8"))

    def atom(self):
        return self.choose(
            (9, self.name),
            (4, self.counter),
            (4, self.constant),
            (2, lambda: f"lst[{self.index()}]"),
            (1, lambda: f"box.{self.random.choice('pq')}"),
            (1, lambda: "scale"),
        )

    def divisor(self):
        if self.chance(0.85):
            return self.random.choice(DIVISORS)
        return f"({self.atom()} or 3)" if self.chance(0.9) else self.atom()

    def expression(self, depth=0):
        if depth > 2:
            return self.atom()

        def sub():
            return self.expression(depth + 1)

        def pick(choices):
            return self.random.choice(choices)

        return self.choose(
            (25, self.atom),
            (35, lambda: f"({sub()} {pick('++--*')} {sub()})"),
            (12, lambda: f"({sub()} {pick(('//', '%', '/'))} {self.divisor()})"),
            (
                4,
                lambda: (
                    f"(integer({sub()}) {pick(('<<', '>>'))} ({self.counter()} % {pick((3, 40, 70))}))"
                ),
            ),
            (5, lambda: f"(integer({sub()}) {pick('&|^')} integer({sub()}))"),
            (
                6,
                lambda: f"{pick(('leaf', 'middle', 'box.method'))}({sub()}, {self.atom()})",
            ),
            (2, lambda: f"middle({sub()})"),
            (3, lambda: f"({sub()} if {self.condition()} else {self.atom()})"),
            (3, lambda: f"(-{sub()})"),
            (1, lambda: f"abs({sub()})"),
            (1, lambda: f"float({sub()})"),
        )

    def condition(self):
        return self.choose(
            (
                4,
                lambda: (
                    f"{self.counter()} % {self.random.choice((2, 3, 5, 17, 100))} == {self.random.choice((0, 1))}"
                ),
            ),
            (1, self.atom),
            (1, lambda: f"{self.name()} is {self.name()}"),
            (1, lambda: f"not {self.atom()} < {self.atom()}"),
            (2, lambda: f"{self.counter()} == {self.random.randrange(300)}"),
            (
                8,
                lambda: (
                    f"{self.atom()} {self.random.choice(('<', '<=', '==', '!=', '>', '>='))} {self.expression(2)}"
                ),
            ),
        )

    # Statements

    def assign(self):
        self.emit(f"{self.name()} = {self.expression()}")

    def augment(self):
        self.emit(f"{self.name()} {self.random.choice(('+=', '-=', '*='))} {self.expression(1)}")

    def store_item(self):
        self.emit(f"lst[{self.index()}] = bounded({self.expression(1)})")

    def store_attribute(self):
        self.emit(f"box.{self.random.choice('pq')} = bounded({self.expression(1)})")

    def swap(self):
        p, q = self.random.sample(NAMES, 2)
        self.emit(f"{p}, {q} = {q}, {p}")

    def branch(self):
        self.emit(f"if {self.condition()}:")
        self.block(1, 3)
        if self.chance(0.5):
            self.emit("else:")
            self.block(1, 3)

    def attempt(self):
        self.emit("try:")
        self.block(1, 3)
        if self.chance(0.7):
            self.emit(f"except {ERRORS} as error:")
            self.emit(f"    {self.name()} = len(str(error))")
        else:
            self.emit("finally:")
            self.emit(f"    {self.name()} = {self.atom()}")

    def rarely(self):
        action = self.random.choice(
            ("continue", "tweak()", "tweak()", f"{self.name()} = {self.constant()}")
        )
        self.emit(f"if {self.counter()} % 50 == {self.random.randrange(50)}:")
        self.emit(f"    {action}")

    def statement(self):
        flat = self.depth < 5
        self.choose(
            (9, self.assign),
            (4, self.augment),
            (2, self.store_item),
            (1, self.store_attribute),
            (1, self.swap),
            (4 * flat, self.branch),
            (1.5 * flat, self.attempt),
            (1.2 * (flat and len(self.counters) < 3), self.inner_loop),
            (1, self.rarely),
        )

    def block(self, fewest, most):
        self.depth += 1
        for _ in range(self.random.randint(fewest, most)):
            self.statement()
        self.depth -= 1

    def inner_loop(self):
        self.loop(self.random.choice(("2", "4", f"{self.counter()} % 4", "9")))

    def loop(self, trips):
        counter = "ijk"[len(self.counters)]
        if self.chance(0.7):
            self.emit(f"for {counter} in range({trips}):")
        else:
            self.emit(f"{counter} = 0")
            self.emit(f"while {counter} < {trips}:")
            self.emit(f"    {counter} += 1")
        self.counters.append(counter)
        self.block(2, 5 if len(self.counters) > 1 else 8)
        # Keep numbers small, so that no loop computes with megabytes; let some NaNs and
        # infinities live.
        for name in NAMES:
            test = f"not -1e25 < {name} < 1e25" if self.chance(0.6) else f"abs({name}) > 1e25"
            self.emit(f"    if {test}:")
            self.emit(f"        {name} = {self.constant()}")
        self.counters.pop()

    def function(self):
        self.emit("def f(n, a, b, c, x, y, box, lst):")
        self.depth = 1
        self.emit("i = j = k = 0")
        self.loop("n")
        self.emit("    if i % 40 == 7:")
        self.emit("        box.trail.append((a, b, c, x, y))")
        self.emit("return a, b, c, x, y, box.p, box.q, lst")
        return "\n".join(self.lines)


ARGUMENTS = (
    (350, (1, 2, 3, 0.5, -4)),
    (130, (1.5, 1 << 62, -1, True, 0.0)),
    (90, (0, -(1 << 63), 7, 1e20, 3)),
)


def run(namespace, n, numbers):
    box, lst = namespace["Box"](), [0, 1, 2.5, -3, 1 << 40, 5, True, 7]
    try:
        result = namespace["f"](n, *numbers, box, lst)
    except (ArithmeticError, ValueError, TypeError) as error:
        where = [(t.name, t.lineno) for t in traceback.extract_tb(error.__traceback__)][1:]
        result = type(error).__name__, str(error), where, box.p, box.q, lst
    return result, box.trail


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    show = len(sys.argv) > 3
    for number in range(count):
        source = Generator(seed * 1000 + number).function()
        if show:
            print(source)
        namespace = {"scale": 1}
        exec(PRELUDE, namespace)
        exec(compile(source, "<fuzz>", "exec"), namespace)
        for n, numbers in ARGUMENTS:
            result, trail = run(namespace, n, numbers)
            print(number, n, *result)
            print("   ", trail)


main()
