"""How soon KeyboardInterrupt reaches a hot loop: run with `cargo xtask run benches/interrupt.py`.

A timer's signal comes while each loop runs; printed is the longest time, in milliseconds, from when it was due until the
exception is caught. The issue is machine code that does not look for signals: at most 10 ms are allowed.
"""

import signal
import time

AFTER = 0.15  # seconds: the loop runs as machine code by then
ROUNDS = 6


def ints():
    total = 0
    for i in range(10**12):
        total = (total + i * i) % 7


def floats():
    x = 0.5
    while True:
        x = 3.9 * x * (1 - x)


def lists():
    items = [1] * 100
    while True:
        for i in range(100):
            items[i] += 1


def count():
    n = 0
    while True:
        yield n
        n += 1


def generators():
    for _ in count():
        pass


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def recursion():
    fib(60)


class Counter:
    def after(self, x):
        return x + 1


def methods():
    counter = Counter()
    x = 0
    while True:
        x = counter.after(x) & 1023


def strings():
    while True:
        text = ""
        for c in "hello world":
            text += c


def dicts():
    counts = {}
    while True:
        for key in "abcdef":
            counts[key] = counts.get(key, 0) + 1


def builtins():
    while True:
        len(str(abs(-5)))


def latency(loop):
    """Milliseconds from when the signal was due until the loop is left."""
    signal.setitimer(signal.ITIMER_REAL, AFTER)
    start = time.perf_counter()
    try:
        loop()
    except KeyboardInterrupt:
        return (time.perf_counter() - start - AFTER) * 1e3


signal.signal(signal.SIGALRM, signal.default_int_handler)
for loop in ints, floats, lists, generators, recursion, methods, strings, dicts, builtins:
    print(f"{loop.__name__:10} {max(latency(loop) for _ in range(ROUNDS)):6.2f} ms")
