# Assertions, import statements, star imports, exec and globals() writes inside hot functions.
# native: no


def checked(i):
    assert i % 50, f"multiple: {i}"
    return i


def imports(i):
    import math
    from os import path as p, sep

    import os.path as q

    return math.floor(1.5) + (p is q) + len(sep)


def missing(i):
    try:
        from math import nothing_here
    except ImportError as error:
        return str(error).split(" (")[0]
    try:
        import no_such_module_at_all
    except ModuleNotFoundError as error:
        return str(error)


def dynamic(i):
    globals()["made"] = i
    exec("made += 1", globals())
    local = {}
    exec("y = made * 2", globals(), local)
    return made + local["y"] + eval("made % 3")


def main():
    total = failures = 0
    for i in range(600):
        try:
            total += checked(i)
        except AssertionError as error:
            failures += len(str(error))
        total += imports(i) + dynamic(i)
    for i in range(50):
        text = missing(i)
    print(total, failures, text, made)


main()
namespace = {}
exec("from string import *\ntotal = 0\nfor i in range(400):\n    total += len(digits) + i\n", namespace)
print(namespace["total"], "ascii_letters" in namespace, "i" in namespace)
