# Threads with a lock and a shared counter, a tiny switch interval, thread-local state, events in hot loops.
# exits: vary
# native: yes

import sys
import threading

sys.setswitchinterval(1e-5)
counter = 0
lock = threading.Lock()


def locked(n):
    global counter
    for _ in range(n):
        with lock:
            counter += 1


def run(target, *args, threads=4):
    workers = [threading.Thread(target=target, args=args) for _ in range(threads)]
    for t in workers:
        t.start()
    for t in workers:
        t.join()


run(locked, 1500)
print(counter)


def private(n, out, k):
    """Pure loops in parallel: no thread may see another one's variables."""
    s = 0
    x = float(k)
    for i in range(n):
        s += i ^ k
        x = x * 0.5 + k
    out[k] = s, x


out = {}
workers = [threading.Thread(target=private, args=(3000, out, k)) for k in range(5)]
for t in workers:
    t.start()
for t in workers:
    t.join()
print(sorted(out.items()))

ready = threading.Event()
stop = False


def spins():
    """Ends only when it sees the global that the main thread sets."""
    n = 0
    ready.set()
    while not stop:
        n += 1


t = threading.Thread(target=spins)
t.start()
ready.wait()
stop = True
t.join(20)
print(t.is_alive())


def ping_pong(n):
    turn = [0]
    cond = threading.Condition()
    log = []

    def player(me):
        for i in range(n):
            with cond:
                while turn[0] != me:
                    cond.wait()
                log.append(me * 1000 + i)
                turn[0] = 1 - me
                cond.notify()

    run_two = [threading.Thread(target=player, args=(k,)) for k in (0, 1)]
    for t in run_two:
        t.start()
    for t in run_two:
        t.join()
    return len(log), log[:4], log[-2:]


print(ping_pong(150))


local = threading.local()


def uses_local(n, results):
    local.total = 0
    for i in range(n):
        local.total += i
    results.append(local.total)


results = []
run(uses_local, 1000, results)
print(results, hasattr(local, "total"))


def list_shared(n, lst):
    for i in range(n):
        lst.append(i)
        lst.append(-i)


shared = []
run(list_shared, 800, shared)
print(len(shared), sum(shared))
