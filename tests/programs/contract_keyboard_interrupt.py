# SIGINT from a timer reaches hot pure loops of every shape soon; the frames behind it are right.
# exits: vary
# native: yes

import signal
import threading
import time

DELAY = 0.05  # seconds until the signal; a loaded machine must come to the loop meanwhile
BOUND = 1.0  # seconds; generous, so that a loaded machine does not fail it


def leaf(i, x):
    return x * 0.5 + i


def middle(i, x):
    return leaf(i, x) + 0.25


def with_calls():
    a = 0
    x = 1.0
    i = 0
    while True:
        x = middle(i, x)
        a += 3
        i += 1


def pure_ints():
    a = 0
    while True:
        a = a + 3 & 0xFFFF


def pure_floats():
    x = 1.0
    while True:
        x = x * 0.5 + 1.0


def nested_range():
    a = 0
    for i in range(1 << 62):
        for j in range(50):
            a ^= i + j


def list_stores():
    lst = [0] * 64
    i = 0
    while True:
        lst[i & 63] = i
        i += 1


def recursion(n=12):
    while True:
        if n:
            recursion(n - 1)


def generator():
    def numbers():
        n = 0
        while True:
            yield n
            n += 1

    for n in numbers():
        pass


def on_alarm(signum, frame):
    signal.raise_signal(signal.SIGINT)


def latency(loop, start):
    """Seconds from the moment the signal was due until the exception is here."""
    start()
    due = time.monotonic() + DELAY
    try:
        loop()
    except KeyboardInterrupt as error:
        elapsed = time.monotonic() - due
        tb = error.__traceback__
        names = set()
        while tb:
            names.add(tb.tb_frame.f_code.co_name)
            tb = tb.tb_next
        return elapsed < BOUND, loop.__name__ in names


def by_timer():
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, DELAY)


def by_handler():
    signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, DELAY)


def by_thread():
    main = threading.get_ident()
    threading.Timer(0.2, signal.pthread_kill, (main, signal.SIGINT)).start()


LOOPS = (
    with_calls,
    pure_ints,
    pure_floats,
    nested_range,
    list_stores,
    recursion,
    generator,
)
for start in (by_timer, by_handler):
    for loop in LOOPS:
        print(start.__name__, loop.__name__, *latency(loop, start))
for loop in LOOPS[:3]:
    print("by_thread", loop.__name__, *latency(loop, by_thread))
