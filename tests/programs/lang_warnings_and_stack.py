# Warnings with stack levels, inspect.stack, traceback objects and linecache from inside hot loops.
# native: no
import inspect
import sys
import traceback
import warnings


def warner(i):
    warnings.warn(f"w{i}", UserWarning, stacklevel=2)


def caller(i):
    return names()


def names():
    return [f.function for f in inspect.stack(0)[:3]]


def lines(i):
    f = sys._getframe()
    first = f.f_lineno
    second = (
        f.f_lineno,
        f.f_back.f_lineno,
    )
    return first - f.f_code.co_firstlineno, [x - f.f_code.co_firstlineno for x in second[:1]], second[1]


def fails(i):
    if i % 3:
        return [][i]
    return {}[i]


def main():
    seen = {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for i in range(300):
            warner(i)
            key = repr((caller(i), lines(i)))
            seen[key] = seen.get(key, 0) + 1
            try:
                fails(i)
            except LookupError as error:
                tb = traceback.extract_tb(error.__traceback__)
                key = repr([(t.name, t.lineno, t.line, t.colno, t.end_colno) for t in tb])
                seen[key] = seen.get(key, 0) + 1
    print(len(caught), caught[0].lineno, caught[-1].lineno, caught[-1].message)
    for key in sorted(seen):
        print(seen[key], key)


main()
