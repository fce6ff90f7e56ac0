"""Profilers: each runs a command and says what was spent at which address."""

import os
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass, field

from tierup_bench.profile import frames

# How perf names memory that no file is behind; the last is a file in which it looks for symbols.
NO_FILE = re.compile(r"^\[unknown|//anon|/perf-\d+\.map$")


@dataclass(frozen=True)
class Cost:
    address: int
    symbol: str
    # The file the code is from; empty where there is none.
    object: str
    amount: int


@dataclass
class Run:
    """What became of a command, and what it cost."""

    status: int
    costs: list
    unit: str
    # Samples of the running Python frame: (file, line, function).
    frames: Counter = field(default_factory=Counter)


def perf(command, folder, **options):
    """Samples of the clock (or of cycles, where the machine counts them)."""
    data = os.path.join(folder, "perf.data")
    record = ["perf", "record", "--quiet", "-F", "4000", "-o", data, "--", *command]
    child = subprocess.Popen(record, **options)
    with frames.of_child(child.pid) as running:
        status = child.wait()
    script = ["perf", "script", "-i", data, "-F", "ip,sym,dso", "--no-inline"]
    text = subprocess.run(script, capture_output=True, text=True).stdout
    return Run(status, list(read_perf(text)), "samples", running)


def read_perf(text):
    for line in text.splitlines():
        found = re.match(r"\s*([0-9a-f]+) (.*) \(([^()]*)\)$", line)
        if found:
            address, symbol, file = found.groups()
            yield Cost(int(address, 16), symbol, "" if NO_FILE.search(file) else file, 1)


def callgrind(command, folder, **options):
    """Instructions, every one counted."""
    out = os.path.join(folder, "callgrind.out")
    tool = [
        "valgrind",
        "--tool=callgrind",
        "--quiet",
        "--smc-check=all-non-file",
        "--dump-instr=yes",
    ]
    tool += ["--compress-strings=no", "--compress-pos=no", f"--callgrind-out-file={out}"]
    status = subprocess.run([*tool, *command], **options).returncode
    with open(out) as file:
        return Run(status, list(read_callgrind(file)), "instructions")


def read_callgrind(lines):
    """Own costs; those of calls, which callgrind writes beside them, are not own."""
    symbol, object_ = "", ""
    of_a_call = False
    for line in lines:
        if line.startswith("0x"):
            if of_a_call:
                of_a_call = False
                continue
            address, _, *amount = line.split()
            if amount:
                yield Cost(int(address, 16), symbol, object_, int(amount[0]))
        elif line.startswith("calls="):
            of_a_call = True
        elif line.startswith("ob="):
            object_ = line[3:].strip().replace("???", "")
        elif line.startswith("fn="):
            symbol = line[3:].strip()


TOOLS = {"perf": perf, "callgrind": callgrind}


def available():
    """perf where it can record, else callgrind, else None."""
    if shutil.which("perf"):
        probe = ["perf", "record", "--quiet", "-o", "/dev/null", "--", "true"]
        if subprocess.run(probe, capture_output=True).returncode == 0:
            return "perf"
    return "callgrind" if shutil.which("valgrind") else None
