# native: yes
# references: differ
"""Tracing is switched on and off within `__init__` of what a hot loop makes."""

import sys

log = []


def call(f, *args):
    # min's key is called by C code.
    result = []
    min([0], key=lambda _: result.append(f(*args)) or 0)
    return result[0]


class Traced:
    def __init__(self, n):
        self.n = n
        if n == 1200:
            call(sys.settrace, trace)
        if n == 1203:
            call(sys.settrace, None)
        self.m = str(n)


def trace(frame, event, arg):
    log.append((frame.f_code.co_name, frame.f_lineno, event))
    return trace


def make_traced(n):
    for i in range(n):
        Traced(i)


make_traced(2000)
print(log)
