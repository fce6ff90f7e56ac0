# Coroutines, await chains, async generators and a small scheduler driven by a hot loop.
# native: no
# exits: vary

import asyncio


class Pause:
    def __init__(self, value):
        self.value = value

    def __await__(self):
        got = yield self.value
        return got * 2


async def leaf(x):
    return x + await Pause(x)


async def middle(n):
    s = 0
    for i in range(n):
        s += await leaf(i)
    return s


def run(coro):
    """Answers each pause with its own value."""
    answer = None
    steps = 0
    try:
        while True:
            answer = coro.send(answer)
            steps += 1
    except StopIteration as stop:
        return stop.value, steps


async def numbers(n):
    for i in range(n):
        if i % 3 == 0:
            await Pause(i)
        yield i


async def consume(n):
    s = 0
    async for x in numbers(n):
        s += x
    doubled = [x * 2 async for x in numbers(n) if x % 2]
    return s, sum(doubled)


class Lock:
    def __init__(self):
        self.entered = 0

    async def __aenter__(self):
        self.entered += 1
        await Pause(0)

    async def __aexit__(self, kind, value, tb):
        return kind is KeyError


async def with_lock(n):
    lock = Lock()
    for i in range(n):
        async with lock:
            if i % 4 == 0:
                raise KeyError(i)
    return lock.entered


print(run(middle(400)), run(consume(300)), run(with_lock(300)))


async def producer(queue, n):
    for i in range(n):
        await queue.put(i)
    await queue.put(None)


async def consumer(queue):
    s = 0
    while (x := await queue.get()) is not None:
        s += x
    return s


async def main():
    queue = asyncio.Queue(maxsize=10)
    a = asyncio.create_task(producer(queue, 300))
    b = asyncio.create_task(consumer(queue))
    await a
    total = await b
    many = await asyncio.gather(*(work(i) for i in range(50)))
    return total, sum(many)


async def work(i):
    s = 0
    for k in range(10):
        s += k * i
        if k % 5 == 0:
            await asyncio.sleep(0)
    return s


print(asyncio.run(main()))


def cancelled(n):
    async def forever():
        try:
            while True:
                await Pause(1)
        finally:
            log.append("finally")

    log = []
    for _ in range(n):
        c = forever()
        c.send(None)
        c.close()
    return len(log)


print(cancelled(300))
