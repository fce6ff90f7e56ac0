"""Random Python programs whose loops run long enough to be compiled: generate.py SEED COUNT DIRECTORY.

Writes DIRECTORY/fuzz_SEED.py and so on. A program is the text of zoo.py and some scenarios, each a
hot loop of random statements in a function, a method, a closure, a generator, a coroutine or a
module, and prints all that can be seen of them. One seed, one program, for ever: choices depend on
nothing else. What the statements do is in statements.py, what they compute in expressions.py.
"""

import pathlib
import random
import sys

from statements import Statements

HERE = pathlib.Path(__file__).parent
FEWEST, MOST = 2, 4
TURNS = (23, 60, 90, 130, 260, 450)
# What loops start with, one per kind of local.
STARTS = {
    "i": ("0", "1", "-1", "7", "-300", "(1 << 30) - 5", "(1 << 60) - 9", "(1 << 63) - 3", "True"),
    "f": ("0.5", "-0.0", "1e300", "inf", "nan", "-3.25", "0.1"),
    "x": ("3", "2.5", "True", "5", "None", "'x'", "Int(5)", "Float(1.5)", "Number(4)", "1 << 70"),
    "s": ("'s'", "''", "Text('t')", "'\\u00e9'"),
    "l": ("[0, 1, 2.5, -3]", "[1, 2, 3, 4, 5]", "Items([4, 5, 6])", "[[1], 2, None]", "[0.5] * 6"),
    "d": ("{'a': 1, 'b': 2}", "{0: 1, 1: 2, 2: 3}", "{}", "{1: 'x', 1.5: 2, None: 3}"),
    "t": ("(1, 2, 3)", "(0.5, 'a')", "((1, 2), 3)"),
    "o": ("Base(1, 2)", "Derived(3, 4)", "Slotted()", "Base(0.5, True)"),
    "n": ("Noisy('n')", "Noisy(0)"),
    "c": ("counter(3)", "plain", "Base(1)", "caught", "lambda v=1, *w: v"),
}
LOCALS = ("i0", "i1", "i2", "f0", "f1", "x0", "x1", "s0", "l0", "d0", "t0", "o0", "o1", "n0", "c0")


class Program(Statements):
    def __init__(self, seed):
        super().__init__(random.Random(seed))
        self.number = 0
        # Whether tracing or profiling is switched on somewhere.
        self.watches = self.chance(0.6)

    def text(self):
        self.lines = (HERE / "zoo.py").read_text().splitlines()
        kinds = (
            (8, self.in_function),
            (2, self.in_method),
            (2, self.in_closure),
            (3, self.in_generator),
            (1, self.in_coroutine),
            (2, self.in_module),
            (2, self.in_callback),
            (1, self.twice_over),
        )
        for _ in range(self.random.randint(FEWEST, MOST)):
            self.number += 1
            self.emit("")
            self.choose(*kinds)
        return "\n".join(self.lines) + "\n"

    # Scenarios

    def starts(self):
        for name in LOCALS:
            self.emit(f"{name} = {self.pick(STARTS[name[0]])}")
        self.emit("i = j = k = 0")

    def result(self):
        return "[" + ", ".join(LOCALS[:13]) + "]"

    def body(self, suspend=None, trips="turns"):
        """The loop, between what its locals are before and after."""
        self.suspend = suspend
        self.starts()
        self.loop(trips)
        self.suspend = None

    def define(self, head, suspend=None, result="return {}"):
        self.emit(head)
        self.depth += 1
        self.body(suspend)
        self.emit(result.format(self.result()))
        self.depth -= 1

    def run(self, function, *args):
        turns = self.pick(TURNS)
        self.emit(f"run({', '.join([str(self.number), function, *map(str, args), str(turns)])})")
        if self.chance(0.4):
            self.emit(f"run({', '.join([str(self.number), function, *map(str, args), '31'])})")

    def in_function(self):
        self.define(f"def f{self.number}(turns):")
        self.run(f"f{self.number}")

    def in_method(self):
        self.emit(f"class C{self.number}(Derived):")
        self.depth += 1
        self.define("def f(self, turns):")
        self.depth -= 1
        self.run(f"C{self.number}.f", f"C{self.number}(1, 2)")

    def in_closure(self):
        self.emit(f"def outer{self.number}(turns):")
        self.depth += 1
        self.emit("e0, e1 = 1, 0.5")
        self.emit("def f(turns):")
        self.emit(f"    nonlocal {self.pick(('e0', 'e1', 'e0, e1'))}")
        self.cells = ("e0", "e1")
        self.depth += 1
        self.body()
        self.emit("return e0, e1, " + self.result())
        self.depth -= 1
        self.emit("def g(v):")
        self.emit("    nonlocal e0")
        self.emit("    e0 = v")
        self.emit("return f(turns), e0, e1, g(3), f(20)")
        self.cells = ()
        self.depth -= 1
        self.run(f"outer{self.number}")

    def in_generator(self):
        self.define(f"def g{self.number}(turns):", suspend="{} = yield {}", result="yield {}")
        ways = (
            "    for v in g{n}(turns): note(v)",
            "    return [v for v in g{n}(turns)]",
            "    g = g{n}(turns)\n    v = next(g)\n    while True: v = g.send(v)",
            "    g = g{n}(turns)\n    for v in g:\n        if v == 17: g.close()\n    return v",
            "    g = g{n}(turns)\n    for k, v in enumerate(g):\n        if k == 40:\n"
            "            note(g.throw(ZeroDivisionError('thrown')))",
            "    for v in g{n}(turns): break\n    return sum(1 for v in g{n}(turns))",
            "    total, *rest = g{n}(turns)\n    return len(rest), total",
            "    def h(): return (yield from g{n}(turns))\n    return list(h())",
        )
        self.emit(f"def f{self.number}(turns):")
        for line in self.pick(ways).format(n=self.number).splitlines():
            self.emit(line)
        self.run(f"f{self.number}")

    def in_coroutine(self):
        self.define(f"async def a{self.number}(turns):", suspend="{} = await Ready({})")
        self.emit(f"def f{self.number}(turns):")
        self.emit(f"    a = a{self.number}(turns)")
        self.emit("    v = None")
        self.emit("    while True: v = a.send(v)")
        self.run(f"f{self.number}")

    def in_module(self):
        """The loop's variables are globals. An exception ends it."""
        self.emit(f"turns = {self.pick(TURNS[:4])}")
        self.emit("LOG.clear()")
        self.emit("forget_deaths()")
        self.emit("try:")
        self.depth += 1
        self.at_module_level = True
        self.body()
        self.at_module_level = False
        self.depth -= 1
        self.emit("except Exception as error:")
        self.emit("    print(describe(error))")
        self.emit("sys.settrace(None)")
        self.emit("sys.setprofile(None)")
        self.emit(f"print({self.number}, show({self.result()}), show(LOG))")
        self.emit("print_deaths()")

    def in_callback(self):
        """C code calls a hot function: its loops are short, so it is what gets warm."""
        self.emit(f"def f{self.number}(turns):")
        self.depth += 1
        self.body(trips="turns % 5")
        self.emit("return i0, f0, x0")
        self.depth -= 1
        ways = (
            "sorted(range({t}), key=lambda k: repr(f{n}(3)))",
            "list(map(f{n}, range({t})))",
            "max((f{n}(k) for k in range({t})), key=repr)",
            "sum(len(f{n}(k)) for k in range({t}))",
            "[f{n}(k) for k in range({t})][:3]",
            "any(f{n}(k) is None for k in range({t}))",
        )
        way = self.pick(ways).format(n=self.number, t=self.pick(TURNS[:3]))
        self.emit(f"run({self.number}, lambda: {way})")

    def twice_over(self):
        """One code object, several functions: closures over different values."""
        self.emit(f"def make{self.number}(e0, e1):")
        self.depth += 1
        self.cells = ("e0", "e1")
        self.define("def f(turns):")
        self.cells = ()
        self.emit("return f")
        self.depth -= 1
        for cells in self.random.sample(("1, 2", "0.5, 'x'", "Int(3), None", "1 << 62, 3"), 2):
            self.run(f"make{self.number}({cells})")


def main():
    seed, count, directory = int(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3])
    for n in range(seed, seed + count):
        (directory / f"fuzz_{n}.py").write_text(Program(n).text())


if __name__ == "__main__":
    main()
