# Globals that loops assign: from functions, from module level, deleted, added, read by others, other globals.
# native: yes
import sys
import types

count = 0
total = 0.0
name = "a"


def tick(n):
    global count, total
    for i in range(n):
        count += i
        total += 0.5
    return count, total


print(tick(900), count, total)


def reader():
    return count


def read_while_written(n):
    global count
    s = 0
    for i in range(n):
        count = i
        s += reader()
        s += globals()["count"]
        s += sys.modules[__name__].count
    return s


print(read_while_written(700))

for i in range(900):
    count = i * 2
    if i % 100 == 0:
        name += str(i)
    total = count + total
print(i, count, total, name)

# New keys come while the loop runs; a key goes; one changes its type.
log = []
for i in range(900):
    if i % 150 == 149:
        globals()["new_%d" % i] = i
    if i == 400:
        del name
    if i == 500:
        name = 7
    if i > 600:
        name = [i]
    count += 1
    try:
        log.append(type(name).__name__) if i % 75 == 0 else None
    except NameError as e:
        log.append(str(e))
print(log, count, name)


def add_many():
    for k in range(200):
        globals()["many_%d" % k] = k


for i in range(700):
    if i == 350:
        add_many()
    count += i
print(count)


def same_code(n):
    s = 0
    for i in range(n):
        s += K
        K2 = K
    return s, K2


K = 1
print(same_code(600))
other = types.FunctionType(same_code.__code__, {"K": 5, "range": range})
print(other(600), same_code(600))


class Loud:
    def __init__(self, n):
        self.n = n

    def __del__(self):
        dead.append((self.n, held.n if held is not None else None))


dead = []
held = None
for i in range(300):
    held = Loud(i)
held = None
print(len(dead), dead[:3], dead[-1])

source = """
for i in range(500):
    acc += step
"""
for space in ({"acc": 0, "step": 1}, {"acc": 0.5, "step": 2}, {"acc": "", "step": "x"}):
    exec(compile(source, "<a>", "exec"), space)
    print(str(space["acc"])[:10], len(str(space["acc"])))
code = compile(source, "<a>", "exec")
spaces = [{"acc": k, "step": k} for k in range(4)]
for space in spaces:
    exec(code, space)
print([s["acc"] for s in spaces])
inner = {"acc": 100}
exec(code, {"acc": 1, "step": 3}, inner)
print(inner)


class Space(dict):
    def __getitem__(self, key):
        reads.append(key)
        return dict.__getitem__(self, key)


reads = []
exec(code, {"step": 1}, Space(acc=0))
print(len(reads), sorted(set(reads)))


class Body:
    n = 0
    for k in range(400):
        n += k
    del k


print(Body.n, hasattr(Body, "k"))


def switch(n):
    """`global` rebinding of what the loop calls."""
    global helper
    s = 0
    for i in range(n):
        if i == n // 2:
            helper = lambda x: x * 100
        s += helper(i)
    return s


def helper(x):
    return x


print(switch(600))
