# A signal every millisecond: handlers run Python in the middle of all kinds of hot loops, raise, and look at frames.
# native: yes
# exits: vary

import signal
import sys

ticks = 0
names = set()
helped = 0


def helper(i):
    global helped
    helped += 1
    return i * 2


def on_tick(signum, frame):
    global ticks
    ticks += 1
    names.add(frame.f_code.co_name)
    frame.f_lineno
    helper(ticks)


def ints(n):
    s = 0
    for i in range(n):
        s += i * i % 7
    return s


def calls(n):
    s = 0
    for i in range(n):
        s += helper(i) - i
    return s


def recursive(n):
    if n < 2:
        return n
    return recursive(n - 1) + recursive(n - 2)


def generated(n):
    return sum(i * 2 for i in range(n))


def collected(n):
    return len([str(i) for i in range(n)]), len({i: i * 2 for i in range(n)})


def excepting(n):
    caught = 0
    for i in range(n):
        try:
            if i % 5 == 0:
                raise ValueError(i)
        except ValueError:
            caught += 1
    return caught


LOOPS = [(ints, 3000), (calls, 1500), (recursive, 14), (generated, 2000), (collected, 500), (excepting, 800)]
want = [function(n) for function, n in LOOPS]
signal.signal(signal.SIGALRM, on_tick)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
wrong = rounds = 0
while ticks < 150 and rounds < 3000:
    rounds += 1
    wrong += [function(n) for function, n in LOOPS] != want
signal.setitimer(signal.ITIMER_REAL, 0)
print(wrong, ticks >= 150 or rounds == 3000, bool(names & {function.__name__ for function, _ in LOOPS}))


class Enough(Exception):
    pass


def on_tick_raise(signum, frame):
    raise Enough


def interrupted(function, n):
    """Exceptions out of nowhere: afterwards everything is as it was."""
    raised = 0
    signal.signal(signal.SIGALRM, on_tick_raise)
    for _ in range(15):
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.001)
            while True:
                function(n)
        except Enough as error:
            raised += error.__traceback__.tb_lineno > 0
    return raised


for (function, n), result in zip(LOOPS, want):
    print(function.__name__, interrupted(function, n), function(n) == result)
sys.stdout.flush()
