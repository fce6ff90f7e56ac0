# Full tracebacks of exceptions raised in inlined callees, printed in the loop, and chains of them.
# native: yes

import sys
import traceback


def level3(x):
    y = x * 2
    return 100 // (y - 1554)


def level2(x):
    a = x + 0.5
    return level3(x) + a


def level1(x):
    return level2(x) if x >= 0 else 0


def loop(n):
    s = 0.0
    for i in range(n):
        try:
            s += level1(i)
        except ZeroDivisionError as error:
            traceback.print_exc(file=sys.stdout)
            tb = error.__traceback__
            while tb:
                names = tb.tb_frame.f_locals
                print(
                    tb.tb_frame.f_code.co_name,
                    tb.tb_lineno,
                    {k: names[k] for k in "ixya" if k in names},
                )
                tb = tb.tb_next
    return s


print(loop(1000))


def chained(n):
    for i in range(n):
        try:
            try:
                level1(777 if i == 600 else 5)
            except ZeroDivisionError:
                {}[i]
        except KeyError as error:
            traceback.print_exception(error, file=sys.stdout)
            print(
                error.__context__.__class__.__name__,
                error.__cause__,
                error.__suppress_context__,
            )
    return i


print(chained(800))


class WithMethod:
    def __init__(self, limit):
        self.limit = limit

    def check(self, i):
        if i == self.limit:
            raise LookupError(f"limit {i}")
        return i

    @property
    def value(self):
        return self.check(self.limit)

    def __add__(self, other):
        return self.check(other)


def methods(n, how):
    w = WithMethod(n - 5)
    s = 0
    for i in range(n):
        if how == 0:
            s += w.check(i)
        elif how == 1:
            s += w + i
        elif i == 444:
            s += w.value
    return s


for how in range(3):
    try:
        methods(600, how)
    except LookupError:
        traceback.print_exc(file=sys.stdout)


def grows(n):
    """The same exception object raised again and again gathers traceback entries."""
    error = ValueError("again")
    for i in range(n):
        try:
            raise error
        except ValueError:
            pass
    return len(traceback.extract_tb(error.__traceback__))


print(grows(300))


def cleared(n):
    error = ValueError("clean")
    for i in range(n):
        try:
            raise error.with_traceback(None)
        except ValueError:
            pass
    return len(traceback.extract_tb(error.__traceback__))


print(cleared(500))
