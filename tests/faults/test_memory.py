"""Allocations that fail: those of CPython, of the Rust side, of the operating system."""

import itertools

import pytest
from conftest import ALL

# Rounds of an interpreter. Names that are looked up while memory fails are local: nothing else may go wrong.
CPYTHON = """
import sys, itertools, tierup
from _testcapi import remove_mem_hooks, set_nomemory
from scenario import fresh

count, first, last, step = map(int, sys.argv[1:])
want = fresh()["work"](60)
tierup.enable()
right = raised = 0
for n in range(first, last, step):
    work = fresh()["work"]
    for _ in range(n % 3):
        work(40)
    got = None
    set_nomemory(n, n + 1 if count == 1 else 0)
    try:
        got = work(60)
    except MemoryError:
        raised += 1
    finally:
        remove_mem_hooks()
    if got is not None:
        right += 1
        assert got == want, (n, got, want)
    got = work(60)
    assert got == want, (n, "afterwards", got, want)
assert tierup.stats()["traces.made"] > right, "nothing was compiled"
print(right, raised)
"""


@pytest.mark.parametrize("stress", ["", "exit-all", "spill"])
@pytest.mark.parametrize("failing", ["one", "all"])
def test_cpythons_allocators_fail(python, failing, stress):
    """From the n-th allocation on, or just then, CPython's allocators fail: MemoryError or the right result."""
    pytest.importorskip("_testcapi")
    points = (0, 3000, 1) if ALL else (0, 900, 4)
    settings = {"TIERUP_THRESHOLD": "1", "TIERUP_STRESS": stress}
    [line] = python.lines(CPYTHON, int(failing == "one"), *points, **settings)
    right, raised = map(int, line.split())
    assert right > 0 and raised > 0


RUST = """
import sys, tierup
from tierup import _control
from scenario import cycle

count, first, step = map(int, sys.argv[1:])
want = cycle()
tierup.enable()
native = _control.native()
assert cycle() == want  # what is made once
native._fail_allocations(0, 0)
assert cycle() == want
total = native._allocations()
off = 0
for n in range(first, total, step):
    native._fail_allocations(n, count)
    try:
        got = cycle()
    finally:
        native._fail_allocations(0, 0)
    assert got == want, (n, got)
    if not tierup.is_enabled():
        off += 1
        try:
            tierup.enable()
        except tierup.UnsupportedError as error:
            # What was allocated meanwhile is still in use. The next interpreter goes on.
            assert str(error) == "there is no memory"
            break
assert cycle() == want
told = [event for event in tierup.stats()["events"] if "memory" in event]
assert told == [f"switched off, out of memory: {off}"] or not off, (told, off)
print(n + step if n + step < total else -1, off)
"""


@pytest.mark.parametrize("count", [1, 10**12], ids=["one", "all"])
def test_the_rust_heap_fails(python, faulty, count):
    """An allocation of the JIT itself fails, at any point of the cycle: it switches itself off, the program goes on."""
    step = 1 if ALL else 131
    point, off = 0, 0
    for interpreters in itertools.count(1):
        variables = {"TIERUP_THRESHOLD": "1"}
        [line] = python.lines(RUST, count, point, step, path=[faulty], **variables)
        point, times = map(int, line.split())
        off += times
        if point < 0:
            break
        assert interpreters < 10_000
    assert off > 0


ADDRESS_SPACE = """
import resource, sys, threading, tierup

SOURCE = '''
def innermost(a, b):
    c = a * 2
    d = b + c
    if d % 11 == 3:
        d -= 1
    return d

def inner(a, b):
    return innermost(a, b) + 1

def outer(a, b):
    return inner(b, a) + innermost(a, b)

def loop(n):
    s = 0
    for i in range(n):
        s += outer(i, s & 1023)
    return s

def down(depth, n):
    if depth == 0:
        return loop(n)
    return down(depth - 1, n)
'''

def fresh():
    namespace = {}
    exec(SOURCE, namespace)
    return namespace["down"]

def size():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * 4096

def run(depth, down):
    # What small objects need is there; a new part of the frame stack is not.
    room = [bytes(400) for _ in range(20000)]
    del room
    resource.setrlimit(resource.RLIMIT_AS, (size(), hard))
    try:
        result = down(depth, 40)
    except MemoryError:
        counts[1] += 1
    else:
        counts[0] += 1
        assert result == want, (depth, result)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    result = down(depth, 40)
    assert result == want, (depth, "afterwards", result)
    done.append(depth)

first, last = map(int, sys.argv[1:])
soft, hard = resource.getrlimit(resource.RLIMIT_AS)
counts, done = [0, 0], []
want = fresh()(3, 40)
tierup.enable()
for depth in range(first, last):
    down = fresh()
    for _ in range(depth % 7):
        down(3, 30)
    # Each thread has a frame stack of its own. Its C stack is mapped before the limit comes.
    thread = threading.Thread(target=run, args=(depth, down))
    thread.start()
    thread.join()
assert len(done) == last - first
assert tierup.stats()["traces.made"] > 0
print(*counts)
"""


@pytest.mark.parametrize("stress", ["", "exit-all"])
def test_no_address_space(python, stress):
    """mmap fails while frames are pushed: in native code, where it is left, and where it calls."""
    depths = (0, 400) if ALL else (60, 160)
    settings = {"TIERUP_THRESHOLD": "1", "TIERUP_STRESS": stress}
    [line] = python.lines(ADDRESS_SPACE, *depths, **settings)
    right, raised = map(int, line.split())
    assert right > 0 and raised > 0
