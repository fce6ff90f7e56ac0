# Builtins patched in the builtins module while loops use them; __builtins__ of exec'd code.
# native: yes

import builtins


def lengths(n, at, what):
    data = [1, 2, 3, 4]
    s = 0
    for i in range(n):
        s += len(data)
        if i == at:
            what()
    return s


def patch():
    builtins.len = lambda x: 1000


original_len = len


def restore():
    builtins.len = original_len


print(lengths(600, -1, None))
print(lengths(600, 300, patch))
print(lengths(600, 300, restore))
print(lengths(600, -1, None))


def absolute(n):
    original = builtins.abs
    s = 0
    try:
        for i in range(-n, n):
            s += abs(i)
            if i == 0:
                builtins.abs = lambda x: -x
    finally:
        builtins.abs = original
    return s


print(absolute(500), absolute(500), abs(-3))


def range_patched(n):
    """The name `range` is looked up once per loop, so each outer turn may see another one."""
    original = builtins.range
    log = []
    try:
        for k in original(4):
            count = 0
            for i in range(n):
                count += 1
            log.append(count)
            builtins.range = (lambda m: original(m // 2)) if k % 2 == 0 else original
    finally:
        builtins.range = original
    return log


print(range_patched(400))


def new_builtin(n):
    hits = misses = 0
    for i in range(n):
        if i == 300:
            builtins.tide = 5
        if i == 400:
            del builtins.tide
        try:
            hits += tide
        except NameError:
            misses += 1
    return hits, misses


print(new_builtin(600))

source = """
def f(n):
    s = 0
    for i in range(n):
        s += len('abc')
    return s
"""
namespace = {"__builtins__": {"range": range, "len": lambda x: 7}}
exec(source, namespace)
print(namespace["f"](500))
namespace["__builtins__"]["len"] = lambda x: 8
print(namespace["f"](500))
del namespace["__builtins__"]["len"]
try:
    namespace["f"](5)
except NameError as error:
    print(error)


def type_shadowed(n):
    kinds = []
    for i in range(n):
        kinds.append(isinstance(i, int))
        if i == 300:
            globals()["int"] = str
    del globals()["int"]
    return kinds.count(True), kinds.count(False)


print(type_shadowed(500))
