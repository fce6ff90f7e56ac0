# asyncio: gather, tasks, cancellation, timeouts, queues and locks over coroutines with hot loops inside.
# native: no
# exits: vary
import asyncio


async def crunch(n):
    total = 0
    for i in range(n):
        total += i % 5
        if i % 200 == 199:
            await asyncio.sleep(0)
    return total


async def producer(q, n):
    for i in range(n):
        await q.put(i)
    await q.put(None)


async def consumer(q):
    got = []
    while (item := await q.get()) is not None:
        got.append(item * 2)
    return got


async def forever(log):
    try:
        while True:
            await asyncio.sleep(0)
    except asyncio.CancelledError:
        log.append("cancelled")
        raise
    finally:
        log.append("finally")


async def grouped():
    async def fail(n):
        await crunch(n)
        raise ValueError(n)

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail(300))
            group.create_task(forever([]))
    except* ValueError as error:
        texts = [str(e) for e in error.exceptions]
    return texts


async def main():
    print(await asyncio.gather(*(crunch(n * 100) for n in range(12))))
    q = asyncio.Queue(maxsize=3)
    _, got = await asyncio.gather(producer(q, 200), consumer(q))
    print(len(got), sum(got))
    log = []
    task = asyncio.create_task(forever(log))
    await crunch(1000)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        log.append("seen")
    print(log)
    print(await grouped())
    lock = asyncio.Lock()
    shared = 0

    async def bump(n):
        nonlocal shared
        for _ in range(n):
            async with lock:
                value = shared
                await asyncio.sleep(0)
                shared = value + 1

    await asyncio.gather(*(bump(40) for _ in range(5)))
    print(shared)
    results = await asyncio.gather(crunch(300), forbidden(), return_exceptions=True)
    print(results)


async def forbidden():
    raise PermissionError("no")


for _ in range(3):
    asyncio.run(main())
