"""Instruction counts: what noise cannot move.

`perf stat` counts where the machine lets it; elsewhere callgrind runs the program and is told by a
call of a C function where each part ends (the worker's "mark").
"""

import glob
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from typing import Optional

from tierup_bench.process import Failed, Worker

MARK = "getloadavg"
CALLGRIND = (
    "valgrind",
    "--tool=callgrind",
    f"--dump-before={MARK}",
    # Machine code is written and patched while the program runs.
    "--smc-check=all-non-file",
    "--quiet",
)


@dataclass(frozen=True)
class Counts:
    """Instructions of start and load, of the first loop, and of each loop after it (the mean), if any."""

    start: int
    first: int
    later: Optional[float]


def counter():
    """The tool that works here: "perf", "callgrind" or None."""
    if shutil.which("perf") and perf_counts("true") is not None:
        return "perf"
    return "callgrind" if shutil.which("valgrind") else None


def perf_counts(*command, **options):
    with tempfile.NamedTemporaryFile() as file:
        perf = ["perf", "stat", "-x,", "-e", "instructions:u", "-o", file.name, "--", *command]
        done = subprocess.run(perf, capture_output=True, **options)
        text = file.read().decode()
    return parse_perf(text) if done.returncode == 0 else None


def parse_perf(text):
    for line in text.splitlines():
        value, _, rest = line.partition(",")
        if "instructions" in rest and value.isdigit():
            return int(value)
    return None


def count(program, contestant, loops, limit, tool, **variables):
    """Counts a fresh process that runs the program ``1 + loops`` times."""
    if tool == "perf":
        none, first, all_ = (
            count_by_perf(program, contestant, n, limit, variables) for n in (0, 1, 1 + loops)
        )
        return Counts(none, first - none, (all_ - first) / loops if loops else None)
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "callgrind.out")
        wrapper = (*CALLGRIND, f"--callgrind-out-file={out}")
        with Worker(contestant, program, limit, wrapper, **variables) as worker:
            worker.ask("mark")
            worker.ask("step", loops=1)
            worker.ask("mark")
            if loops:
                worker.ask("step", loops=loops)
                worker.ask("mark")
            worker.finish()
        start, first, *later = (callgrind_total(f"{out}.{n + 1}") for n in range(3 if loops else 2))
    return Counts(start, first, later[0] / loops if loops else None)


def count_by_perf(program, contestant, loops, limit, variables):
    with tempfile.NamedTemporaryFile() as file:
        wrapper = ("perf", "stat", "-x,", "-e", "instructions:u", "-o", file.name, "--")
        with Worker(contestant, program, limit, wrapper, **variables) as worker:
            if loops:
                worker.ask("step", loops=loops)
            worker.finish()
        total = parse_perf(file.read().decode())
    if total is None:
        raise Failed("perf counted nothing")
    return total


def callgrind_total(path):
    with open(path) as file:
        for line in file:
            found = re.match(r"(?:totals|summary): (\d+)", line)
            if found:
                return int(found[1])
    raise Failed(f"no total in {os.path.basename(path)} of {glob.glob(path + '*')}")
