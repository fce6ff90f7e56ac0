# except* in hot loops: splitting, nesting, re-raising what is left, notes.
# native: no


def make(i):
    inner = ExceptionGroup("inner", [ValueError(i), TypeError(i)])
    if i % 3 == 0:
        return ExceptionGroup("outer", [inner, KeyError(i)])
    if i % 3 == 1:
        return ExceptionGroup("flat", [OSError(i)])
    return ValueError(i)


def handle(i, log):
    try:
        try:
            raise make(i)
        except* ValueError as group:
            log.append(("value", type(group).__name__, len(group.exceptions)))
        except* TypeError as group:
            log.append(("type", len(group.exceptions)))
    except ExceptionGroup as rest:
        log.append(("rest", rest.message, [type(e).__name__ for e in rest.exceptions]))
        return -1
    finally:
        log.append("finally")
    return i


def main():
    total = 0
    counts = {}
    for i in range(900):
        log = []
        total += handle(i, log)
        key = repr(log)
        counts[key] = counts.get(key, 0) + 1
    print(total)
    for key in sorted(counts):
        print(counts[key], key)


main()


def escape():
    try:
        raise ExceptionGroup("left", [ValueError(1), KeyError(2)])
    except* ValueError:
        raise RuntimeError("from the handler")


try:
    escape()
except ExceptionGroup as error:
    import traceback

    traceback.print_exception(error)
