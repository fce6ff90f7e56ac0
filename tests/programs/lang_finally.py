# try/finally with return, break, continue and raise at every place; the context chain of what is raised in handlers.
# native: no
import warnings

warnings.simplefilter("ignore")
SOURCE = """
def overrides(i):
    try:
        if i % 3 == 0:
            return "try"
        if i % 3 == 1:
            raise ValueError(i)
    except ValueError:
        return "except"
    finally:
        if i % 4 == 0:
            return "finally"
    return "end"

def loops(n):
    out = []
    for i in range(n):
        try:
            if i % 5 == 0:
                continue
            if i == 17:
                break
            out.append(i)
        finally:
            out.append(-i)
            if i % 7 == 6:
                continue
    else:
        out.append("else")
    return out
"""
exec(compile(SOURCE, "overrides", "exec"))


def chain(i):
    try:
        try:
            try:
                raise KeyError(i)
            except KeyError as error:
                if i % 2:
                    raise ValueError("second") from error
                raise TypeError("third")
            finally:
                if i % 5 == 0:
                    raise OSError("finally")
        except (TypeError, ValueError) as error:
            raise RuntimeError("outer") from None
    except Exception as error:
        names = []
        while error is not None:
            names.append((type(error).__name__, error.__suppress_context__))
            error = error.__cause__ or error.__context__
        return names


def reraise(i):
    try:
        try:
            raise IndexError(i)
        except IndexError:
            try:
                raise KeyError
            except KeyError:
                pass
            raise
    except LookupError as error:
        return type(error).__name__, error.args


def main():
    counts = {}
    for i in range(600):
        for result in (overrides(i), len(loops(i % 30)), chain(i), reraise(i % 3)):
            key = repr(result)
            counts[key] = counts.get(key, 0) + 1
    for key in sorted(counts):
        print(key, counts[key])
    print(loops(12), loops(25)[-3:])


main()
