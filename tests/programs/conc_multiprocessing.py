# multiprocessing in all three start methods, begun below a hot loop: children compile for themselves or go on natively.
# native: yes
# exits: vary

import multiprocessing
import sys
import threading


def crunch(n):
    s = 0
    x = 0.5
    for i in range(n):
        s += i * i % 7
        x = x * 0.5 + i
    return s, x


def child(connection, n):
    connection.send((multiprocessing.get_start_method(), crunch(n), crunch(n + 1)))
    connection.close()


def below(i, context, processes):
    """Starts a process while the caller's loop is native code on the stack."""
    if i % 400 == 399:
        ours, theirs = context.Pipe()
        process = context.Process(target=child, args=(theirs, 500 + i))
        process.start()
        theirs.close()
        processes.append((process, ours))
    return i & 3


def loop(n, context, processes):
    s = 0
    for i in range(n):
        s += below(i, context, processes) + i * 3
    return s


def start(method, n=1200):
    context = multiprocessing.get_context(method)
    processes = []
    total = loop(n, context, processes)
    answers = []
    for process, connection in processes:
        answers.append(connection.recv()[1:])
        process.join()
        answers.append(process.exitcode)
    return method, total, answers


def pool(method):
    with multiprocessing.get_context(method).Pool(2) as workers:
        return workers.map(crunch, range(300, 340)) == [crunch(n) for n in range(300, 340)]


def from_thread(method):
    """Another thread starts the process while this one is in its loop."""
    results = []
    thread = threading.Thread(target=lambda: results.append(start(method, 400)))
    thread.start()
    while thread.is_alive():
        crunch(300)
    thread.join()
    return results


if __name__ == "__main__":
    sys.stdout.flush()
    for method in ("fork", "forkserver", "spawn"):
        print(start(method))
        print(method, pool(method))
    print(from_thread("forkserver"))
