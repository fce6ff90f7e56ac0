"""What single statements take in tier 1, beside CPython's interpreter: `cargo xtask run benches/snippets.py [ROUNDS]`.

Each statement stands alone in a loop. The interpreters run in processes of their own, in turn, and the least time of all
rounds counts: nanoseconds per iteration, the loop itself included, which stands in the first row. The ratio is CPython's
time over tier 1's.
"""

import json
import math
import os
import subprocess
import sys
import time

ITEMS = """class C:
 def __init__(self, v): self.v = v
 def __lt__(self, other): return self.v < other.v
x = [C(i) for i in range(10)]"""

# (name, set-up, statement); iterations are fewer where the name ends in 10.
SNIPPETS = [
    ("loop", "", "pass"),
    ("int add", "a = 1; b = 2", "c = a + b"),
    ("int add, large", "a = 1000; b = 2000", "c = a + b"),
    ("int multiply", "a = 10; b = 3", "c = a * b; d = a - b"),
    ("int divide", "a = 10; b = 3", "c = a // b; d = a % b"),
    ("float add", "a = 1.5; b = 2.5", "c = a + b"),
    ("float multiply", "a = 1.5; b = 2.5", "c = a * b - a"),
    ("compare, jump", "a = 10; b = 3", "if a < b: c = 1"),
    ("compare", "a = 10; b = 3", "c = a < b"),
    ("is None", "a = None", "if a is None: c = 1"),
    ("swap", "a = 1; b = 2", "a, b = b, a"),
    ("unpack", "t = (1, 2, 3)", "a, b, c = t"),
    ("list item", "x = [1, 2, 3]", "c = x[1]"),
    ("store list item", "x = [1, 2, 3]", "x[1] = 5"),
    ("slice", "x = [1, 2, 3, 4]", "c = x[1:3]"),
    ("in list", "x = [1, 2, 3]", "3 in x"),
    ("append", "x = []", "x.append(1)"),
    ("len", "x = []", "len(x)"),
    ("dict item", "d = {'a': 1}", "c = d['a']"),
    ("store dict item", "d = {'a': 1}", "d['a'] = 1"),
    ("character", "s = 'abc'", "c = s[1]"),
    ("concatenate", "s = 'abc'; t = 'd'", "c = s + t"),
    ("f-string", "s = 'abc'; t = 1", "c = f'{s}{t}'"),
    ("build tuple", "a = 1; b = 2", "c = (a, b)"),
    ("build list", "a = 1; b = 2", "c = [a, b]"),
    ("attribute", "class C: pass\no = C()\no.x = 1", "c = o.x"),
    ("store attribute", "class C: pass\no = C()\no.x = 1", "o.x = 1"),
    ("slot", "class C:\n __slots__ = 'x'\no = C()\no.x = 1", "c = o.x"),
    ("global", "global G\nG = 1", "c = G + G"),
    ("call", "def f(): pass", "f()"),
    ("call, arguments", "def f(a, b): return a", "f(1, 2)"),
    ("call, keyword", "def f(a, b=3): return a", "f(1, b=2)"),
    ("method", "class C:\n def m(self): pass\no = C()", "o.m()"),
    ("class", "class C:\n def __init__(self): self.x = 1", "C()"),
    ("C function", "import math", "math.sqrt(2.0)"),
    ("except", "d = {}", "try: d['x']\nexcept KeyError: pass"),
    ("for list 10", "x = list(range(10))", "for i in x: pass"),
    ("for range 10", "", "for i in range(10): pass"),
    ("comprehension 10", "x = list(range(10))", "[i for i in x]"),
    ("generator 10", "def g():\n for i in range(10): yield i", "for i in g(): pass"),
    ("sum of generator 10", "x = list(range(10))", "sum(i for i in x)"),
    ("max of generator 10", "x = list(range(10))", "max(i for i in x)"),
    ("tuple of generator 10", "x = list(range(10))", "tuple(i for i in x)"),
    ("sorted by key 10", "x = list(range(10)); k = lambda v: -v", "sorted(x, key=k)"),
    ("sorted by __lt__ 10", ITEMS, "sorted(x)"),
    ("map 10", "x = list(range(10)); k = lambda v: v", "list(map(k, x))"),
    (
        "reduce 10",
        "from functools import reduce\nx = list(range(10)); k = lambda a, b: a",
        "reduce(k, x)",
    ),
]
WARM_UP = 3000


def indented(text, by):
    return "".join(f"{by}{line}\n" for line in text.split("\n"))


def measure():
    """The least time per iteration of each snippet, in nanoseconds."""
    times = {}
    for name, setup, statement in SNIPPETS:
        source = f"def f(n):\n{indented(setup or 'pass', ' ')} for _ in range(n):\n{indented(statement, '  ')}"
        namespace = {}
        exec(source, namespace)
        loop = namespace["f"]
        loop(WARM_UP)
        n = 4_000 if name.endswith("10") else 20_000
        best = math.inf
        for _ in range(7):
            start = time.perf_counter()
            loop(n)
            best = min(best, time.perf_counter() - start)
        times[name] = best / n * 1e9
    return times


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    settings = {"CPython": {"TIERUP": "0"}, "tier 1": {"TIERUP": "1", "TIERUP_TIER": "1"}}
    best = {key: {} for key in settings}
    for _ in range(rounds):
        for key, variables in settings.items():
            output = subprocess.check_output(
                [sys.executable, __file__, "measure"], env={**os.environ, **variables}
            )
            for name, ns in json.loads(output).items():
                best[key][name] = min(ns, best[key].get(name, math.inf))
    plain, ours = best["CPython"], best["tier 1"]
    for name, ns in plain.items():
        print(f"{name:22} {ns:8.1f} {ours[name]:8.1f} {ns / ours[name]:6.2f}")
    mean = math.exp(sum(math.log(plain[name] / ours[name]) for name in plain) / len(plain))
    print(f"{'geometric mean':40} {mean:6.2f}")


if __name__ == "__main__":
    if sys.argv[1:] == ["measure"]:
        print(json.dumps(measure()))
    else:
        main()
