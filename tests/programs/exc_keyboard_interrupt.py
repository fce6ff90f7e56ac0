# SIGINT raised inside callees of hot loops, custom handlers, KeyboardInterrupt caught at loop level.
# exits: vary
# native: yes

import signal


def trigger(i):
    if i % 250 == 249:
        signal.raise_signal(signal.SIGINT)
    return i


def caught_in_loop(n):
    s = caught = 0
    at = []
    for i in range(n):
        try:
            s += trigger(i)
        except KeyboardInterrupt:
            caught += 1
            at.append(i)
    return s, caught, at


def leaves_loop(n):
    s = 0
    try:
        for i in range(n):
            s += i
            if i == 700:
                signal.raise_signal(signal.SIGINT)
            s += 1
    except KeyboardInterrupt as error:
        return "interrupted", i, s
    return "finished", i, s


def handler(signum, frame):
    # The interrupted frame is the callee or the loop; its name and locals must be right.
    while frame.f_code.co_name not in ("own_handler", "reads_flag"):
        frame = frame.f_back
    log.append((frame.f_code.co_name, frame.f_locals["i"], frame.f_locals["s"]))


def own_handler(n):
    s = 0
    for i in range(n):
        s += i
        trigger(i)
    return s


flag = 0


def set_flag(signum, frame):
    global flag
    flag += 1


def reads_flag(n):
    s = 0
    for i in range(n):
        if i % 300 == 299:
            signal.raise_signal(signal.SIGUSR1)
        s += flag
    return s


def raising_handler(signum, frame):
    raise LookupError("from handler")


def handler_raises(n):
    errors = s = 0
    for i in range(n):
        try:
            s += trigger(i)
        except LookupError:
            errors += 1
    return s, errors


log = []
print(caught_in_loop(1000))
print(leaves_loop(900))
signal.signal(signal.SIGINT, handler)
print(own_handler(800), log)
signal.signal(signal.SIGUSR1, set_flag)
print(reads_flag(1200))
signal.signal(signal.SIGINT, raising_handler)
print(handler_raises(800))
signal.signal(signal.SIGINT, signal.SIG_IGN)
print(own_handler(600))
