"""Runs one kernel on command. Used by `cargo xtask bench`; works in every Python 3.

argv: kernel, seconds of warm-up, seconds a timing lasts at least. Writes the time of the first call,
then, when warm, "ready"; for each line read, the time of one round.
"""

import sys
import time

path, warm_up, at_least = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
namespace = {"__name__": "kernel", "__file__": path}
with open(path) as file:
    exec(compile(file.read(), path, "exec"), namespace)
run, expected = namespace["run"], namespace["EXPECTED"]
clock = time.perf_counter


def checked():
    start = clock()
    result = run()
    taken = clock() - start
    if result != expected:
        sys.exit(f"{path}: got {result!r}, expected {expected!r}")
    return taken


def say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


say(checked())
start = clock()
while clock() - start < warm_up:
    checked()
say("ready")
while sys.stdin.readline():
    total, rounds = 0.0, 0
    while total < at_least or not rounds:
        total += checked()
        rounds += 1
    say(total / rounds)
