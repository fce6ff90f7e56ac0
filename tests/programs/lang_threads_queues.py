# Threads with queues, locks, conditions and thread locals; each runs a hot loop over shared and own state.
# exits: vary
# native: no
import queue
import threading

local = threading.local()


def worker(tasks, results, lock, totals):
    local.count = 0
    while True:
        n = tasks.get()
        if n is None:
            break
        value = 0
        for i in range(n):
            value += i * i % 7
        local.count += 1
        with lock:
            totals["sum"] += value
        results.put((n, value))
    with lock:
        totals["tasks"] += local.count


def run(workers, jobs):
    tasks, results, lock = queue.Queue(), queue.Queue(), threading.Lock()
    totals = {"sum": 0, "tasks": 0}
    threads = [threading.Thread(target=worker, args=(tasks, results, lock, totals)) for _ in range(workers)]
    for t in threads:
        t.start()
    for n in range(jobs):
        tasks.put(n * 10)
    for _ in threads:
        tasks.put(None)
    for t in threads:
        t.join()
    out = sorted(results.get() for _ in range(jobs))
    return totals, out[:4], out[-1]


print(run(4, 60))


class Turn:
    def __init__(self):
        self.condition = threading.Condition()
        self.turn = 0
        self.log = []

    def play(self, me, players, rounds):
        for _ in range(rounds):
            with self.condition:
                while self.turn % players != me:
                    self.condition.wait()
                self.log.append(me)
                self.turn += 1
                self.condition.notify_all()


turn = Turn()
threads = [threading.Thread(target=turn.play, args=(i, 3, 40)) for i in range(3)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(len(turn.log), turn.log[:7], turn.log == [i % 3 for i in range(120)])
failures = []
threading.excepthook = lambda args: failures.append(str(args.exc_value))


def failing(n):
    for i in range(n):
        if i == n - 1:
            raise ValueError(f"at {i}")


threads = [threading.Thread(target=failing, args=(500 + i,)) for i in range(3)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(sorted(failures))
