"""How much is compiled goes by what the program does meanwhile."""

import json
import textwrap

# Many functions, each with a loop that is just hot enough at the start.
LUKEWARM = """
import json, tierup

def made(source, names):
    namespace = {}
    exec(source, namespace)
    before = tierup.stats()["traces.made"]
    for name in names:
        namespace[name](260)
    return tierup.stats()["traces.made"] - before

LOOP = '''
def f{n}(count):
    total = 0
    for i in range(count):
        total += i * {n}
        if total > 1000000:
            total -= {n}
    return total
'''
COUNT = 300
warm = made("".join(LOOP.format(n=n) for n in range(COUNT)), [f"f{n}" for n in range(COUNT)])

def hot(count):
    total = 0
    for i in range(count):
        total += i ^ 3
    return total

before = tierup.stats()["traces.entered"]
for _ in range(50):
    hot(20000)
entered = tierup.stats()["traces.entered"] - before
"""


def run(python, more):
    result = python("-c", textwrap.dedent(LUKEWARM) + more, TIERUP="1")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_lukewarm_places_wait_and_hot_ones_do_not_for_long(python):
    warm, entered = run(python, "print(json.dumps([warm, entered]))")
    assert 5 < warm < 150, "of 300 places that are hot once some are compiled"
    assert entered > 40, "a hot loop is compiled all the same"


def test_the_same_is_compiled_each_time(python):
    keys = [
        "traces.recorded",
        "traces.made",
        "traces.uops_optimized",
        "traces.exits",
        "compile.factor",
    ]
    more = f"stats = tierup.stats(); print(json.dumps([stats[k] for k in {keys}]))"
    assert run(python, more) == run(python, more)


STEPS = """
import json, tierup

class Holder:
    def __init__(self):
        self.a, self.b, self.c, self.d = "abcd"

class Backwards:
    def __len__(self):
        return 4

    def __getitem__(self, i):
        return "abcd"[i]

def instance(iterable):
    return iterable.__dict__.values()

def stepped(make, iterable):
    before = tierup.stats()
    for _ in range(10000):
        for item in make(iterable):
            if item is None:
                break
    after = tierup.stats()
    return [after[name] - before[name] for name in ("traces.bridges", "traces.exits")]

print(json.dumps([stepped(instance, Holder()), stepped(reversed, Backwards())]))
"""


def test_steps_that_native_code_cannot_take_are_not_tried_again_in_each_bridge(python):
    result = python("-c", STEPS, TIERUP="1")
    assert result.returncode == 0, result.stderr
    for bridges, exits in json.loads(result.stdout):
        assert bridges < 16, "a bridge from a step that failed does not begin with the same step"
        assert exits < 10000, "the loop is not left at each step"
