# Objects with __del__ die in hot loops: by rebinding a local, at loop exit, at return, at exception.
# native: yes

log = []


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        log.append(self.name)


def flush(label):
    print(label, len(log), log[:8], log[-4:])
    log.clear()


def rebinding(n):
    x = None
    for i in range(n):
        log.append(("before", i))
        x = Noisy(i)
        log.append(("after", i))
    log.append("loop left")


def overwritten_by_number(n):
    s = 0
    for i in range(n):
        x = Noisy(i)
        s += i
        x = s
        log.append(("now", x))
    return x


def deleted(n):
    for i in range(n):
        x = Noisy(i)
        y = Noisy(-i)
        del x
        log.append("between")
        del y


def never_bound(n):
    for i in range(n):
        Noisy(i)
        log.append(("line after", i))


def two_names(n):
    for i in range(n):
        x = Noisy(i)
        y = x
        x = None
        log.append("x gone")
        y = None
        log.append("y gone")


def at_return(n):
    keep = Noisy("keep")
    also = Noisy("also")
    s = 0
    for i in range(n):
        s += i
        if i == n - 1:
            return s
    return None


def at_exception(n):
    keep = Noisy("at exception")
    for i in range(n):
        x = Noisy(i)
        if i == n - 1:
            raise ValueError(i)


rebinding(600)
flush("rebinding")
overwritten_by_number(600)
flush("overwritten")
deleted(500)
flush("deleted")
never_bound(500)
flush("never bound")
two_names(400)
flush("two names")
at_return(600)
flush("at return")
try:
    at_exception(500)
except ValueError:
    log.append("handler")
flush("at exception")


def swapped(n):
    a, b = Noisy("a"), Noisy("b")
    for i in range(n):
        a, b = b, a
        if i % 100 == 99:
            a = Noisy(i)
            log.append(("made", i))
    log.append("end")


swapped(700)
flush("swapped")
