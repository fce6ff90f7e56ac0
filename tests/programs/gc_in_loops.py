# gc.collect in a callee, cycles with __del__, gc callbacks that look at the loop's frame, gc.get_objects.
# native: yes
# exits: vary

import gc
import sys

gc.disable()
log = []


class Node:
    alive = 0

    def __init__(self, i):
        Node.alive += 1
        self.i = i
        self.me = self

    def __del__(self):
        Node.alive -= 1


def collect():
    gc.collect()
    return Node.alive


def cycles(n):
    s = 0
    most = 0
    for i in range(n):
        node = Node(i)
        s += node.i
        if i % 100 == 99:
            most = max(most, Node.alive)
            s += collect() * 1000000
    return s, most


def callback(phase, info):
    frame = sys._getframe(1)
    while frame.f_code is not looked_at.__code__:
        frame = frame.f_back
    log.append(
        (
            phase,
            frame.f_lineno - looked_at.__code__.co_firstlineno,
            frame.f_locals["i"],
            frame.f_locals["s"],
        )
    )


def looked_at(n):
    s = 0
    x = 0.5
    for i in range(n):
        s += i
        x += 0.5
        if i in (300, 301, n - 1):
            collect()
        s -= 1
    return s, x


print(cycles(700))
collect()
gc.callbacks.append(callback)
print(looked_at(700))
gc.callbacks.remove(callback)
print(log)


class Marked:
    pass


def visible(n):
    """Objects held only by the loop's locals are found by the collector, and survive it."""
    found = 0
    for i in range(n):
        x = Marked()
        pair = (x, [x])
        if i % 150 == 0:
            gc.collect()
            found += sum(type(o) is Marked for o in gc.get_objects())
            found += len([r for r in gc.get_referrers(x) if type(r) in (tuple, list)]) * 100
    return found, pair[0] is x


print(visible(600))


def threshold(n):
    """Automatic collections at any allocation; the result must not change."""
    gc.enable()
    gc.set_threshold(1)
    kept = []
    for i in range(n):
        node = Node(i)
        kept.append([i, (i, [i * 0.5])])
    gc.set_threshold(0)
    gc.disable()
    node = None
    collect()
    return sum(k[0] + k[1][1][0] for k in kept), Node.alive


print(threshold(900))
