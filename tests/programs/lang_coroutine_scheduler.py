# A scheduler of coroutines: awaits through several levels, cancellation by throw, results and errors by order.
# native: no
from collections import deque


class Sleep:
    def __init__(self, n):
        self.n = n

    def __await__(self):
        for _ in range(self.n):
            yield
        return self.n


class Cancelled(Exception):
    pass


async def leaf(n):
    total = 0
    for i in range(n):
        total += await Sleep(i % 3)
    return total


async def middle(n, log):
    try:
        return await leaf(n) + await leaf(n // 2)
    except Cancelled:
        log.append(("cancelled", n))
        raise
    finally:
        log.append(("done", n))


async def task(n, log):
    result = await middle(n, log)
    if n % 7 == 0:
        raise ValueError(n)
    return result


def run(count):
    log = []
    queue = deque((i, task(i, log)) for i in range(count))
    results = {}
    turns = 0
    while queue:
        i, coroutine = queue.popleft()
        turns += 1
        try:
            if i % 11 == 10 and turns > count * 3:
                coroutine.throw(Cancelled)
            else:
                coroutine.send(None)
        except StopIteration as stop:
            results[i] = stop.value
        except (ValueError, Cancelled) as error:
            results[i] = repr(error)
        else:
            queue.append((i, coroutine))
    return turns, log, results


turns, log, results = run(40)
print(turns, log)
print(results)
for _ in range(8):
    again = run(30)
print(again[0], len(again[1]), sum(v for v in again[2].values() if isinstance(v, int)))
