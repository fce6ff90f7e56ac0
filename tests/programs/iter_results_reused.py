# native: yes
"""What zip's and enumerate's result tuples let go of when they are used again: one object twice, of which they have the last references."""

import sys

log = []


class Tells:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        frame = sys._getframe(1)
        log.append((self.name, frame.f_lineno, sorted(frame.f_locals), frame.f_locals.get("n")))


def pairs(values, others):
    n = 0
    for a, b in zip(values, others):
        values[n] = others[n] = None
        a = b = None
        n += 1
    return n


def make(n, name):
    values = [Tells((name, i)) if i % 10 == 9 else [i] for i in range(n)]
    return values, list(values)


for name in range(6):
    print(pairs(*make(100, name)))
print(len(log))
for entry in log:
    print(entry)
