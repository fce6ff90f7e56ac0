"""Short commands, timed from outside: start to end of the process."""

import subprocess
import time

# Modules that programs of some size begin with; all are in the standard library.
LARGE_IMPORT = (
    "import argparse, asyncio, concurrent.futures, csv, ctypes, dataclasses, decimal, doctest, "
    "email.message, fractions, http.server, inspect, json, logging.config, multiprocessing, "
    "optparse, pathlib, pickle, sqlite3, ssl, statistics, tarfile, tomllib, typing, unittest.mock, "
    "urllib.request, uuid, xml.dom.minidom, xml.etree.ElementTree, zipfile"
)

# By name: the code, and Tierup's where it differs (Tierup is then not switched on before).
COMMANDS = {
    "pass": ("pass", None),
    "import tierup": ("pass", "import tierup"),
    "tierup.enable()": ("pass", "import tierup; tierup.enable()"),
    "large import": (LARGE_IMPORT, None),
    "first thousand calls": (
        "def f(x):\n return x + 1\nt = 0\nfor i in range(1000): t = f(t)\nassert t == 1000",
        None,
    ),
}


def measure(contestants, runs, say):
    """By command and contestant: the seconds of each of ``runs`` interleaved runs."""
    contestants = [c for c in contestants if not c.is_compiler]
    out = {}
    for name, (code, own) in COMMANDS.items():
        say(name)
        samples = {c.name: {"seconds": []} for c in contestants}
        # The first pair of runs fills the machine's file cache and __pycache__, and is not counted.
        for number in range(-1, runs):
            for contestant in contestants[number:] + contestants[:number]:
                sample = samples[contestant.name]
                if "error" in sample:
                    continue
                variables = {}
                text = code
                if own and contestant.is_tierup:
                    variables["TIERUP"] = "0"
                    text = own
                status, seconds = timed([contestant.python, "-c", text], contestant, variables)
                if status:
                    samples[contestant.name] = {"error": f"ended with status {status}"}
                elif number >= 0:
                    sample["seconds"].append(seconds)
        out[name] = samples
    return out


def timed(command, contestant, variables):
    environment = contestant.environment(**variables)
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True)
    return done.returncode, time.perf_counter() - start
