# A timer's signal handler changes a global that a pure hot loop reads; the loop must see it soon.
# exits: vary
# native: yes

import signal

stop = False
ticks = 0


def on_alarm(signum, frame):
    global stop
    stop = True


def on_tick(signum, frame):
    global ticks
    ticks += 1


def until_stopped():
    """Ends only through the handler."""
    n = 0
    while not stop:
        n += 1
    return n > 0


def until_ticks(goal):
    x = 0.0
    while ticks < goal:
        x = x * 0.5 + 1.0
    return x


def interrupted():
    """Nothing but an exception from the handler ends this loop."""
    i = 0
    while True:
        i += 1
        i &= 0xFFFF


def raise_timeout(signum, frame):
    raise TimeoutError("time is up")


signal.signal(signal.SIGALRM, on_alarm)
signal.setitimer(signal.ITIMER_REAL, 0.02)
print(until_stopped())

signal.signal(signal.SIGALRM, on_tick)
signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
print(until_ticks(5))
signal.setitimer(signal.ITIMER_REAL, 0)

signal.signal(signal.SIGALRM, raise_timeout)
for _ in range(3):
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    try:
        interrupted()
    except TimeoutError as error:
        tb = error.__traceback__.tb_next
        print(error, tb.tb_frame.f_code.co_name, 0 <= tb.tb_frame.f_locals["i"] <= 0xFFFF)

signal.signal(signal.SIGALRM, signal.default_int_handler)
signal.setitimer(signal.ITIMER_REAL, 0.01)
try:
    for i in range(1 << 60):
        pass
except KeyboardInterrupt:
    print("interrupted", 0 < i < 1 << 50)
