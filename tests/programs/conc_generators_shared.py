# Generators, iterators and frames that several threads take turns in, all inside hot loops.
# native: yes
# exits: vary

import sys
import threading

sys.setswitchinterval(1e-6)
lock = threading.Lock()


def numbers(n):
    for i in range(n):
        yield i * 3


def drain(source, out):
    total = 0
    while True:
        with lock:
            item = next(source, None)
        if item is None:
            break
        total += item
    out.append(total)


def unguarded(source, out):
    """Two threads in one generator: one of them is told so."""
    total = taken = refused = 0
    while True:
        try:
            total += next(source)
            taken += 1
        except ValueError as error:
            assert str(error) == "generator already executing"
            refused += 1
        except StopIteration:
            break
    out.append((total, taken))


def shared(function, source, workers):
    out = []
    threads = [threading.Thread(target=function, args=(source, out)) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return out


print(sum(shared(drain, numbers(4000), 3)) == sum(i * 3 for i in range(4000)))
print(sum(shared(drain, iter(range(4000)), 3)))
out = shared(unguarded, numbers(4000), 2)
print(sum(total for total, _ in out), sum(taken for _, taken in out))


def countdown(n, seen):
    """Each thread counts for itself; the frames look at each other."""
    mine = 0
    while n:
        n -= 1
        mine += n & 3
        if n % 500 == 0:
            for frame in sys._current_frames().values():
                seen.add(frame.f_code.co_name)
                frame.f_locals.get("mine")
    return mine


def watched():
    seen = set()
    results = []
    threads = [threading.Thread(target=lambda: results.append(countdown(6000, seen))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results, "countdown" in seen


print(watched())
