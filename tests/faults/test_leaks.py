"""What a hundred rounds of compiling, leaving, invalidating and switching off and on leave behind: nothing."""

import pytest

ROUNDS = """
import gc, sys, tierup
from scenario import cycle

def references():
    '''The reference counts of all that can be reached, in all; without immortal objects.'''
    todo = gc.get_objects()
    seen = {}
    own = {id(todo), id(seen)}
    while todo:
        o = todo.pop()
        if id(o) not in seen and id(o) not in own:
            seen[id(o)] = o if sys.getrefcount(o) < 1 << 30 else None
            todo.extend(gc.get_referents(o))
    # Each is counted by `seen` and by the argument.
    return sum(sys.getrefcount(o) - 2 for o in seen.values() if o is not None)

def round():
    results = cycle()
    tierup.disable()
    assert cycle() == results
    tierup.enable()
    return results

def measure():
    gc.collect()
    return references(), sys.getallocatedblocks(), tierup.stats()["code.bytes"], memory()

def memory():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4

tierup.enable()
gc.disable()
want = round()
for n in range(220):
    assert round() == want
    if n % 20 == 19:
        made = tierup.stats()["traces.made"]
        print(*measure(), made)
"""


@pytest.mark.parametrize("stress", ["", "exit-all"])
def test_nothing_is_left_behind(python, stress):
    lines = python.lines(ROUNDS, TIERUP_THRESHOLD="1", TIERUP_STRESS=stress)
    rows = [tuple(map(int, line.split())) for line in lines]
    # Until everything has its size, also what is compiled of `references`; a hundred rounds more.
    before, after = rows[5], rows[-1]
    assert after[4] - before[4] > 500, "traces are made in every round"
    # A reference or block for each round would be a hundred.
    assert after[0] - before[0] < 50, rows
    assert after[1] - before[1] < 50, rows
    assert after[2] <= before[2], rows
    # A KiB for each of the traces that were made and freed would be more.
    assert after[3] - before[3] < 500, rows
