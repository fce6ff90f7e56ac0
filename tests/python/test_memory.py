"""Memory that compiled code takes is given back. Linux: resident memory is read from /proc."""

import textwrap

PRELUDE = """
import gc, tierup

def resident():
    for line in open("/proc/self/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1])
"""


def run(python, code):
    # What runs is compiled at once.
    result = python("-c", PRELUDE + textwrap.dedent(code), TIERUP="1", TIERUP_THRESHOLD="5")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return [int(word) for word in result.stdout.split()]


def test_invalidated_executors_are_freed(python):
    """Code that is compiled, with bridges, links, inlined and native calls, and dies."""
    half, end, invalidated, kept = run(
        python,
        """
        SOURCE = '''
        def f(n, g):
            s = 0
            for i in range(n):
                for j in range(3):
                    s += i * j + g(i)
                if i % 3:
                    s -= 1
            return s + fib(6)
        def fib(n):
            return n if n < 2 else fib(n - 1) + fib(n - 2)
        f(20, lambda x: x + 1)
        '''
        def rounds(n):
            # This loop is compiled, too. Nothing is freed before it is left.
            for k in range(n):
                exec(compile(SOURCE, "<source>", "exec"), {})
                if k % 50 == 0:
                    gc.collect()
            gc.collect()
            return resident()
        for _ in "abc":
            rounds(400)
        half = rounds(400)
        end = rounds(400)
        stats = tierup.stats()
        print(half, end, stats["traces.invalidated"], stats["traces.kept"])
        """.replace("\n        ", "\n"),
    )
    assert invalidated > 10_000
    assert kept < 300
    assert end - half < 1024, "kilobytes, where 400 rounds made some 30000"


def test_executors_that_lose_their_assumptions_are_freed(python):
    """The code lives on: what it relied on changes."""
    made, invalidated, kept = run(
        python,
        """
        def make(k):
            namespace = {"step": k, "range": range}
            exec("def f(n):\\n s = 0\\n for i in range(n): s += i + step\\n return s", namespace)
            return namespace
        all = [make(k) for k in range(100)]
        for k in range(12):
            for namespace in all:
                namespace["f"](50)
                namespace["step"] = -k
        stats = tierup.stats()
        made = stats["traces.made"] + stats["traces.variants"]
        print(made, stats["traces.invalidated"], stats["traces.kept"])
        """,
    )
    assert invalidated >= 150
    assert kept <= made - invalidated + 2, "what is invalid is gone, but perhaps for the last ones"
