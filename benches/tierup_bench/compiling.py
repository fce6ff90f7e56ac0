"""What compiling costs: from a finished recording to its machine code."""

import os
import statistics
import tempfile
from dataclasses import dataclass
from typing import Optional

from tierup_bench import counts
from tierup_bench.process import Failed, Worker

# The first loops of a program compile most of what it ever compiles.
LOOPS = 2
# How often each process compiles that again: by then the compiler's own code and memory are warm.
AGAIN = 5
# The functions of crates/runtime within which everything is compiled, neither of which calls the other.
COMPILING = ("*State*finish*", "*State*want_entry*")


@dataclass(frozen=True)
class Cost:
    traces: int
    recorded: int
    optimized: int
    ns: int
    instructions: Optional[int] = None

    def per_trace(self):
        return self.ns / 1e3 / self.traces

    @classmethod
    def from_counters(cls, counters, before=None, instructions=None):
        """From Tierup's counters, as far as they grew; ``None`` if nothing was compiled."""

        def grown(name):
            return counters[name] - (before[name] if before else 0)

        traces = grown("traces.made") + grown("traces.variants")
        recorded, optimized = grown("traces.uops_recorded"), grown("traces.uops_optimized")
        if not recorded or not traces:
            return None
        return cls(traces, recorded, optimized, grown("compile.ns"), instructions)

    def per_hundred(self):
        """Microseconds for a hundred recorded uops."""
        return self.ns / 10 / self.recorded

    def instructions_per_uop(self):
        return None if self.instructions is None else self.instructions / self.recorded


def least(costs):
    return min((c for c in costs if c), key=Cost.per_hundred, default=None)


def measure(program, contestant, processes, limit):
    """What the first loops of a process compile, and the same again; of several fresh processes the least."""
    first, again = [], []
    for _ in range(processes):
        with Worker(contestant, program, limit) as worker:
            before = None
            for costs in [first, *[again] * AGAIN]:
                worker.ask("step", loops=LOOPS)
                counters = worker.ask("counters")["counters"]
                costs.append(Cost.from_counters(counters, before))
                before = counters
                worker.ask("forget")
    return least(first), least(again)


def at_hundred(costs):
    """Microseconds for a trace of a hundred recorded uops, by least squares over the programs."""
    if len({c.recorded / c.traces for c in costs}) < 2:
        return None
    slope, start = statistics.linear_regression(
        [c.recorded / c.traces for c in costs], [c.per_trace() for c in costs]
    )
    return start + 100 * slope


def count(program, contestant, limit):
    """The same under callgrind, which counts while something is compiled."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "callgrind.out")
        toggles = (f"--toggle-collect={name}" for name in COMPILING)
        wrapper = ("valgrind", "--tool=callgrind", *toggles, "--smc-check=all-non-file", "--quiet")
        wrapper = (*wrapper, f"--callgrind-out-file={out}")
        with Worker(contestant, program, limit, wrapper) as worker:
            worker.ask("step", loops=LOOPS)
            counters = worker.ask("counters")["counters"]
            worker.finish()
        return Cost.from_counters(counters, None, counts.callgrind_total(out))


HEAD = (
    "program",
    "traces",
    "recorded",
    "optimized",
    "us/trace",
    "us/100 uops",
    "again",
    "instr./uop",
)
LINE = "{:18} {:>7} {:>9} {:>10} {:>9} {:>12} {:>6} {:>11}"


def run(found, contestant, processes, limit, say):
    """Prints a line per program; 1 if one failed."""
    by_callgrind = counts.counter() is not None
    if not by_callgrind:
        say("instructions are counted by valgrind's callgrind, which is not installed")
    print(LINE.format(*HEAD))
    failed, all_first, all_again = 0, [], []
    for program in found:
        try:
            first, again = measure(program, contestant, processes, limit)
            counted = count(program, contestant, 10 * limit) if by_callgrind else None
        except Failed as error:
            print(f"{program.name:18} {error}", flush=True)
            failed = 1
            continue
        print(line(program.name, first, again, counted), flush=True)
        all_first += [first] if first else []
        all_again += [again] if again else []
    for costs, when in (all_first, "in a process's first loops"), (all_again, "again"):
        us = at_hundred(costs)
        if us is not None:
            print(
                f"a trace of 100 recorded uops {when}: {us:.0f} us (least squares over these programs)"
            )
    return failed


def line(name, first, again, counted):
    if first is None:
        return LINE.format(name, 0, *["–"] * 6)
    instructions = counted and counted.instructions_per_uop()
    return LINE.format(
        name,
        first.traces,
        first.recorded,
        first.optimized,
        f"{first.per_trace():.0f}",
        f"{first.per_hundred():.0f}",
        "–" if again is None else f"{again.per_hundred():.0f}",
        "–" if instructions is None else f"{instructions:.0f}",
    )
