# native: stressed
"""Every operator and subscript on every two builtin types, again and again in one place: what a place has learnt of its
operands' types is of its operator, too."""

import zlib

VALUES = (
    *("7", "-3", "0", "1 << 40", "2.5", "True", "1j", "None"),
    *("'ab'", "'x'", "'é'", "b'ab'", "bytearray(b'x')"),
    *(
        "[1, 2]",
        "(3, 4)",
        "{1: 2, 'ab': 5, 7: 'seven'}",
        "{1, 7}",
        "frozenset({3})",
        "range(5)",
        "slice(0, 1)",
    ),
)
OPERATORS = ("+", "-", "*", "/", "//", "%", "@", "&", "|", "^", "<<", ">>", "**")
COMPARISONS = ("<", "<=", "==", "!=", ">", ">=", "in", "not in", "is", "is not")
TURNS = 24


def places():
    """What fuses with the operation or not: its operands' loads, what is done with the result."""
    for operator in OPERATORS:
        yield operator, f"def f(a, b):\n    return a {operator} b"
        yield operator + "=", f"def f(a, b):\n    a {operator}= b\n    return a"
        yield f"= {operator}", f"def f(a, b):\n    c = None\n    c = a {operator} b\n    return c"
    for operator in COMPARISONS:
        yield operator, f"def f(a, b):\n    return a {operator} b"
        yield (
            f"if {operator}",
            f"def f(a, b):\n    if a {operator} b:\n        return 1\n    return 2",
        )
    yield "[]", "def f(a, b):\n    return a[b]"
    yield "= []", "def f(a, b):\n    a = a[b]\n    return a"
    yield "[:]", "def f(a, b):\n    return a[:b]"
    yield "[]=", "def f(a, b):\n    a[b] = b\n    return a"
    yield "del []", "def f(a, b):\n    del a[b]\n    return a"
    yield "-", "def f(a, b):\n    return -a, not b"
    yield "~", "def f(a, b):\n    return ~a"


def result(f, a, b):
    try:
        return repr(f(a, b))
    except Exception as error:
        return f"{type(error).__name__} {error}"


for name, source in places():
    pairs = []
    for left in VALUES:
        for right in VALUES:
            if name.strip("= ") in ("<<", "*", "**") and "1 << 40" in (left, right):
                continue
            make = eval(f"lambda: ({left}, {right})")
            namespace = {}
            exec(source, namespace)
            results = [result(namespace["f"], *make()) for _ in range(TURNS)]
            if len(set(results)) > 1:
                print(name, left, right, results[0], "then", sorted(set(results) - {results[0]}))
            pairs.append((make, results[0]))
    # One place for all of them.
    namespace = {}
    exec(source, namespace)
    for step in 1, 7, 11:
        for n in range(len(pairs)):
            make, expected = pairs[n * step % len(pairs)]
            found = result(namespace["f"], *make())
            if found != expected:
                print(name, *make(), found, "not", expected)
    print(name, len(pairs), zlib.crc32("\n".join(text for _, text in pairs).encode()))
