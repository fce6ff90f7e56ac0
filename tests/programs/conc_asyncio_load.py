# asyncio under load: hundreds of tasks, threads that call back, signals, executors, cancellation in hot coroutines.
# native: no
# exits: vary

import asyncio
import signal
import threading


async def worker(name, queue, results):
    while True:
        item = await queue.get()
        total = 0
        for i in range(item):
            total += i * 3 % 7
            if i % 64 == 63:
                await asyncio.sleep(0)
        results[name] = results.get(name, 0) + total
        queue.task_done()


def crunch(n):
    s = 0
    for i in range(n):
        s += i * i % 11
    return s


async def ticker(n):
    for i in range(n):
        yield i
        if i % 50 == 0:
            await asyncio.sleep(0)


async def consume(n):
    return sum([i * 2 async for i in ticker(n)])


async def cancelled_often():
    """A hot coroutine is cancelled at every suspension."""
    reached = []

    async def hot():
        done = 0
        try:
            while True:
                for i in range(100):
                    done += i & 1
                await asyncio.sleep(0)
        finally:
            reached.append(done % 50)

    for turns in range(30):
        task = asyncio.create_task(hot())
        for _ in range(turns % 5 + 1):
            await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
    return len(reached), set(reached)


async def from_threads(loop):
    """Threads hand results over while the loop's own thread computes."""
    futures = []

    def post(n):
        futures.append(asyncio.run_coroutine_threadsafe(consume(n), loop))

    threads = [threading.Thread(target=post, args=(200 + n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        await asyncio.to_thread(thread.join)
    return sorted([await asyncio.wrap_future(future) for future in futures])


async def main():
    loop = asyncio.get_running_loop()
    ticks = 0

    def on_alarm():
        nonlocal ticks
        ticks += 1

    loop.add_signal_handler(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    queue = asyncio.Queue()
    results = {}
    workers = [asyncio.create_task(worker(n, queue, results)) for n in range(40)]
    for n in range(400):
        queue.put_nowait(n % 150)
    await queue.join()
    for task in workers:
        task.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    print(sum(results.values()))
    print(await asyncio.gather(*(consume(100 + n) for n in range(40))))
    in_threads = [loop.run_in_executor(None, crunch, 500 + n) for n in range(20)]
    print(await asyncio.gather(*in_threads) == [crunch(500 + n) for n in range(20)])
    print(await cancelled_often())
    print(await from_threads(loop))
    async with asyncio.timeout(10):
        while not ticks:
            await asyncio.sleep(0.001)
    signal.setitimer(signal.ITIMER_REAL, 0)
    loop.remove_signal_handler(signal.SIGALRM)
    print("ticked", ticks > 0)


for _ in range(2):
    asyncio.run(main())
