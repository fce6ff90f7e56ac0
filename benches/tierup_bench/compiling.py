"""What compiling costs: from a finished recording to its machine code."""

import os
import tempfile
from dataclasses import dataclass
from typing import Optional

from tierup_bench import counts
from tierup_bench.process import Failed, Worker

# The first loops of a program compile most of what it ever compiles.
LOOPS = 2
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

    def per_hundred(self):
        """Microseconds for a hundred recorded uops."""
        return self.ns / 10 / self.recorded

    def instructions_per_uop(self):
        return None if self.instructions is None else self.instructions / self.recorded


def cost(counters, instructions=None):
    """From Tierup's counters; ``None`` if nothing was compiled."""
    traces = counters["traces.made"] + counters["traces.variants"]
    recorded, optimized = counters["traces.uops_recorded"], counters["traces.uops_optimized"]
    if not recorded or not traces:
        return None
    return Cost(traces, recorded, optimized, counters["compile.ns"], instructions)


def measure(program, contestant, processes, limit):
    """The least time of several fresh processes; what they compile is the same in each."""
    found = []
    for _ in range(processes):
        with Worker(contestant, program, limit) as worker:
            worker.ask("step", loops=LOOPS)
            found.append(cost(worker.ask("counters")["counters"]))
    return min((c for c in found if c), key=lambda c: c.ns, default=None)


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
        return cost(counters, counts.callgrind_total(out))


HEAD = ("program", "traces", "recorded", "optimized", "us/trace", "us/100 uops", "instr./uop")
LINE = "{:18} {:>7} {:>9} {:>10} {:>9} {:>12} {:>11}"


def run(found, contestant, processes, limit, say):
    """Prints a line per program; 1 if one failed."""
    by_callgrind = counts.counter() is not None
    if not by_callgrind:
        say("instructions are counted by valgrind's callgrind, which is not installed")
    print(LINE.format(*HEAD))
    failed = 0
    for program in found:
        try:
            timed = measure(program, contestant, processes, limit)
            counted = count(program, contestant, 10 * limit) if by_callgrind else None
        except Failed as error:
            print(f"{program.name:18} {error}", flush=True)
            failed = 1
            continue
        print(line(program.name, timed, counted), flush=True)
    return failed


def line(name, timed, counted):
    if timed is None:
        return LINE.format(name, 0, *["–"] * 5)
    instructions = counted and counted.instructions_per_uop()
    return LINE.format(
        name,
        timed.traces,
        timed.recorded,
        timed.optimized,
        f"{timed.per_trace():.0f}",
        f"{timed.per_hundred():.0f}",
        "–" if instructions is None else f"{instructions:.0f}",
    )
