# Async generators, async comprehensions, async with and for, aclose and athrow, driven by hand.
# native: no
import sys


class Suspend:
    def __await__(self):
        return (yield "tick")


class Manager:
    def __init__(self, log):
        self.log = log

    async def __aenter__(self):
        await Suspend()
        self.log.append("enter")
        return self

    async def __aexit__(self, kind, value, tb):
        await Suspend()
        self.log.append(("exit", kind and kind.__name__))
        return kind is KeyError


async def count(n, log):
    try:
        for i in range(n):
            if i % 3 == 0:
                await Suspend()
            yield i
    finally:
        log.append("closed")


async def work(n, log):
    total = 0
    async with Manager(log):
        async for i in count(n, log):
            total += i
    squares = [i * i async for i in count(n, log) if i % 2]
    pairs = {i: j async for i in count(3, log) for j in [i + 1]}
    async with Manager(log):
        raise KeyError(n)
    agen = count(10, log)
    total += await anext(agen)
    try:
        await agen.athrow(ValueError("thrown"))
    except ValueError as error:
        log.append(str(error))
    await agen.aclose()
    return total, sum(squares), pairs


def drive(coroutine):
    ticks = 0
    while True:
        try:
            coroutine.send(None)
        except StopIteration as stop:
            return stop.value, ticks
        ticks += 1


def main():
    counts = {}
    for i in range(250):
        log = []
        result = drive(work(i % 9, log))
        key = repr((result, log))
        counts[key] = counts.get(key, 0) + 1
    for key in sorted(counts):
        print(counts[key], key)


main()
print(sys.get_asyncgen_hooks())
