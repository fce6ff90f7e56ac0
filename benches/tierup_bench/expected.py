"""Instruction counts that are expected: a regression shows on any machine, however busy.

Counted is a program's first loop in a fresh process: tier 1, recording, compilation, machine code.
"""

import json
import platform
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

from tierup_bench import counts, programs
from tierup_bench.process import Failed

FILE = programs.BENCHES / "expected_counts.json"
# A part of the instructions by which a count may differ from the expected one. Counts of one build repeat to a
# few in a million; what remains is the C library's choice of routines for the machine.
TOLERANCE = 0.03
PROGRAMS = (
    "attributes",
    "closures",
    "dict_counting",
    "exceptions",
    "generators",
    "mandelbrot",
    "matmul",
    "nbody",
    "sieve",
    "spectral_norm",
    "strings",
    "sum_squares_mod7",
)
LIMIT = 600
# Two at once: what each executes does not depend on the other.
AT_ONCE = 2


def check(contestant, update, say):
    """0 if no program executes more than expected, or nothing is known of this build."""
    if counts.counter() is None:
        say("skipped: instructions are counted by valgrind's callgrind, which is not installed")
        return 0
    build = build_of(contestant)
    known = json.loads(FILE.read_text()) if FILE.exists() else {}
    if build not in known and not update:
        say(
            f"skipped: no counts are known for {build}; cargo xtask bench counts --update stores them"
        )
        return 0
    # Always by callgrind: perf counts the kernel's work at entry and exit differently on each processor.
    found = measure(contestant, say)
    for name, got in found.items():
        if "error" in got:
            print(f"{name}: {got['error']}")
    if update:
        if any("error" in got for got in found.values()):
            return 1
        known[build] = {name: got["first"] for name, got in found.items()}
        FILE.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
        print(f"stored: {FILE.relative_to(programs.BENCHES.parent)}")
        return 0
    return report(known[build], found)


def measure(contestant, say):
    all_programs = {program.name: program for program in programs.modules("kernels")}

    def one(name):
        say(f"counting: {name}")
        try:
            return asdict(counts.count(all_programs[name], contestant, 0, LIMIT, "callgrind"))
        except Failed as error:
            return {"error": str(error)}

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(PROGRAMS, pool.map(one, PROGRAMS)))


def report(expected, found):
    """Prints a line per count; 1 if any grew beyond the tolerance."""
    worse = better = 0
    for name in PROGRAMS:
        got = found[name].get("first")
        if got is None:
            worse += 1
            continue
        if name not in expected:
            print(f"{name}: no expected count; cargo xtask bench counts --update stores it")
            worse += 1
            continue
        change = got / expected[name] - 1
        verdict = ""
        if change > TOLERANCE:
            verdict = "  MORE than expected"
            worse += 1
        elif change < -TOLERANCE:
            verdict = "  fewer than expected"
            better += 1
        print(f"{name:18} {got / 1e6:10.2f} million {change:+8.2%}{verdict}")
    if better and not worse:
        print("cargo xtask bench counts --update stores the lower counts")
    return 1 if worse else 0


def build_of(contestant):
    """The CPython build, libc and valgrind: what counts depend on beside the programs and us."""
    script = "import platform, sys; print(' '.join(sys.version.split()), '/', *platform.libc_ver())"
    environment = contestant.environment(TIERUP="0")
    python = subprocess.run(
        [contestant.python, "-c", script],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    valgrind = subprocess.run(
        ["valgrind", "--version"], check=True, capture_output=True, text=True
    ).stdout.strip()
    return f"{python} / {valgrind} / {platform.machine()}"
