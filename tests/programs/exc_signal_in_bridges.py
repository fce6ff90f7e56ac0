# A loop that has left its first trace for good, and goes round through bridges only, still sees signals.
# exits: vary
# native: yes

import signal


def on_alarm(signum, frame):
    raise TimeoutError


def forever():
    n = total = 0
    while True:
        n += 1
        if n < 3000:
            total += 1
        else:
            total += 2


signal.signal(signal.SIGALRM, on_alarm)
signal.setitimer(signal.ITIMER_REAL, 0.5)
try:
    forever()
except TimeoutError:
    print("interrupted")
