# with statements over generators, ExitStack, suppress, several managers, exceptions in enter and exit.
# native: no
from contextlib import ExitStack, contextmanager, suppress


@contextmanager
def opened(log, name, swallow=False):
    log.append("+" + name)
    try:
        yield name
    except KeyError:
        log.append("key " + name)
        if not swallow:
            raise
    finally:
        log.append("-" + name)


class Bad:
    def __init__(self, where):
        self.where = where

    def __enter__(self):
        if self.where == "enter":
            raise OSError("enter")
        return self

    def __exit__(self, *info):
        if self.where == "exit":
            raise OSError("exit")


def work(i):
    log = []
    try:
        with opened(log, "a", i % 2 == 0) as a, opened(log, "b") as b:
            log.append(a + b)
            if i % 3 == 0:
                raise KeyError(i)
            with suppress(ZeroDivisionError):
                log.append(1 / (i % 4))
            with ExitStack() as stack:
                for k in range(i % 3):
                    stack.enter_context(opened(log, str(k)))
                with Bad(("enter", "exit", "none")[i % 3]):
                    log.append("in")
    except Exception as error:
        log.append(repr(error))
        if error.__context__:
            log.append(repr(error.__context__))
    return log


def main():
    counts = {}
    for i in range(480):
        key = " ".join(map(str, work(i)))
        key = key.replace(f"({i})", "(I)")
        counts[key] = counts.get(key, 0) + 1
    for key in sorted(counts):
        print(counts[key], key)


main()
