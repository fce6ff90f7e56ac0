# A global that compiled code assigns is read as an attribute of its module, and as a global of another function.
# native: yes

import sys

this = sys.modules[__name__]
CURRENT = ("start", 0)
COUNT = 0


def assign(value):
    global CURRENT
    CURRENT = value


def count():
    global COUNT
    COUNT += 1


def read():
    return this.CURRENT


def both():
    return this.CURRENT is CURRENT, this.COUNT == COUNT


def with_old(value):
    old = this.CURRENT
    assign(value)
    seen = this.CURRENT, read()
    assign(old)
    return seen


def run(n):
    wrong = 0
    for i in range(n):
        value = (str(i), i)
        seen = with_old(value)
        if seen[0] is not value or seen[1] is not value or CURRENT[0] != "start":
            wrong += 1
        count()
        if this.COUNT != COUNT or both() != (True, True):
            wrong += 1
        this.COUNT += 1
    return wrong, COUNT, this.CURRENT, sys.getrefcount(CURRENT)


for n in (30, 400, 400):
    print(run(n))


def store_loop(n, base):
    global CURRENT
    for i in range(n):
        CURRENT = (base, i)


def read_loop(n):
    last = None
    for _ in range(n):
        last = this.CURRENT
    return last


# The loop that reads is compiled when the one that assigns already was.
for base in "abc":
    store_loop(500, base)
    print(read_loop(500), sys.getrefcount(CURRENT))


def while_assigning(n):
    """Compiled readers are made, and entered, while no store goes through the interpreter."""
    global CURRENT
    wrong = 0
    for i in range(n):
        CURRENT = (i,)
        if i % 50 == 49:
            for last in map(read_loop, (300,)):
                wrong += last is not CURRENT
    return wrong


for _ in range(3):
    print(while_assigning(3000))
