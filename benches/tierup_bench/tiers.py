"""Who ran what: the share of a warm program's instructions that each tier executes.

Tierup counts its own (``TIERUP_COUNT=1``, see docs/stats.md). Those of CPython's evaluator nobody can count
from outside, but the time that it had frames which were left to it bounds them.
"""

from dataclasses import dataclass

from tierup_bench.process import Failed, Worker

# More instructions than CPython's evaluator executes in a microsecond.
CPYTHON_PER_US = 1000
WANTED = 0.99


@dataclass(frozen=True)
class Shares:
    native: int
    tier1: int
    # At most.
    cpython: int
    # Frames left to CPython, by reason.
    frames: dict

    @property
    def total(self):
        return self.native + self.tier1 + self.cpython

    def part(self, count):
        return count / self.total if self.total else 0.0


def shares(before, after):
    """What was executed between two readings of the counters."""
    more = {key: after[key] - before[key] for key in before if key != "events"}
    prefix = "cpython.frames_"
    return Shares(
        more["instructions.native"],
        more["instructions.tier1"],
        more["cpython.ns"] * CPYTHON_PER_US // 1000,
        {k[len(prefix) :]: n for k, n in more.items() if k.startswith(prefix) and n},
    )


def measure(program, contestant, warm_up, limit):
    with Worker(contestant, program, limit, TIERUP_COUNT="1") as worker:
        worker.ask("warm", seconds=warm_up)
        before = worker.ask("counters")["counters"]
        worker.ask("round", seconds=warm_up / 4)
        after = worker.ask("counters")["counters"]
    return shares(before, after)


def run(found, contestant, warm_up, limit):
    """Prints a line per program; 1 if CPython's evaluator has more than its share of one."""
    missing = 0
    print(f"{'program':30} {'native':>8} {'tier 1':>8} {'CPython':>8}  {'instructions':>14}")
    for program in found:
        try:
            got = measure(program, contestant, warm_up, limit)
        except Failed as error:
            print(f"{program.name:30} {error}", flush=True)
            continue
        parts = [f"{got.part(n):8.2%}" for n in (got.native, got.tier1, got.cpython)]
        reasons = ", ".join(f"{n} frames {why.replace('_', ' ')}" for why, n in got.frames.items())
        line = f"{program.name:30} {' '.join(parts)}  {got.total:14,}  {reasons}"
        print(line.rstrip(), flush=True)
        missing += got.part(got.cpython) > 1 - WANTED
    return 1 if missing else 0
