# Every kind of statement under settrace switched on and off around hot loops: the events must be CPython's.
# native: no
import sys


def body(n):
    total = 0
    for i in range(n):
        if i % 2:
            total += i
        else:
            continue
        try:
            total //= i % 3
        except ZeroDivisionError:
            total -= 1
        with_value = [x for x in (1, 2)]
        total += len(with_value)
    while n:
        n -= 1
        if n == 2:
            break
    else:
        total = -1
    return total


def generator(n):
    for i in range(n):
        yield i
    return "end"


events = []


def tracer(frame, event, arg):
    events.append((frame.f_code.co_name, event, frame.f_lineno - frame.f_code.co_firstlineno))
    return tracer


def warm():
    return sum(body(20) for _ in range(60)) + sum(sum(generator(9)) for _ in range(60))


def traced():
    sys.settrace(tracer)
    body(5)
    list(generator(2))
    sys.settrace(None)


print(warm())
traced()
print(len(events), events)
first = list(events)
events.clear()
print(warm())
traced()
print(events == first)


def switch_on(i):
    if i == 40:
        sys.settrace(tracer)
        sys._getframe(1).f_trace = tracer
    if i == 43:
        sys.settrace(None)


def midway(n):
    total = 0
    for i in range(n):
        total += i
        switch_on(i)
    return total


events.clear()
print(midway(400), events)
