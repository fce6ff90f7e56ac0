# Every exit of a trace that enters an inner loop's trace half-way: the stack and the list's references must fit.
# native: yes

import sys


def walk(rounds):
    items = [0, 1, 2.5, 3, 4]
    expected = sys.getrefcount(items)
    last = wrong = None
    for i in range(rounds):
        for j in range(8):
            for item in items:
                last = item
        if sys.getrefcount(items) != expected:
            wrong = i, sys.getrefcount(items)
            break
    return i, j, last, wrong


for rounds in (30, 300, 300):
    print(walk(rounds))
