# Hot loops in atexit handlers, in __del__ at interpreter shutdown, in a daemon thread that never ends.
# exits: vary
# native: yes

import atexit
import sys
import threading


def work(n):
    s = 0
    for i in range(n):
        s += i * i % 7
    return s


@atexit.register
def last_words():
    print("atexit", work(900))


class Late:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        s = 0
        for i in range(500):
            s += i ^ 5
        # At shutdown even print may be gone; sys.stdout is still here for this module's globals.
        write(f"late {self.name} {s}\n")


write = sys.stdout.write
late = Late("global")
cycle = Late("cycle")
cycle.me = cycle

started = threading.Event()


def forever():
    started.set()
    n = 0
    while True:
        n = n + 1 & 0xFFFF


threading.Thread(target=forever, daemon=True).start()
started.wait()
print(work(1000))


def loop_ends_by_exit(n):
    s = 0
    for i in range(n):
        s += i
        if i == 700:
            try:
                sys.exit(f"left at {i} with {s}")
            finally:
                print("finally", i)


try:
    loop_ends_by_exit(900)
except SystemExit as error:
    print(error)
