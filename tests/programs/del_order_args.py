# Objects whose last reference is an argument, a container slot, an attribute, a temporary, a closure cell.
# native: stressed

log = []


class Noisy:
    def __init__(self, name):
        self.name = name
        self.next = None

    def __del__(self):
        log.append(self.name)

    def touch(self):
        return 1

    def __add__(self, other):
        return Noisy(self.name + other)


def flush(label):
    print(label, len(log), log[:8], log[-4:])
    log.clear()


def use(x):
    log.append(("in", x.name))
    return 1


def drop_own_argument(x):
    x = None
    log.append("argument dropped")
    return 2


def arguments(n):
    s = 0
    for i in range(n):
        s += use(Noisy(i))
        log.append("back")
        s += drop_own_argument(Noisy(-i))
        s += Noisy("method").touch()
        log.append("after method")
    return s


def containers(n):
    lst = [None] * 4
    for i in range(n):
        lst[i % 4] = Noisy(i)
        if i % 50 == 49:
            lst.clear()
            log.append("cleared")
            lst.extend([None] * 4)
        if i % 7 == 0:
            lst.pop()
            lst.append(None)


def attributes(n):
    head = Noisy("head")
    for i in range(n):
        node = Noisy(i)
        node.next = head.next
        head.next = node
        if i % 100 == 99:
            log.append("cut")
            head.next = None
    log.append("end")


def temporaries(n):
    for i in range(n):
        x = Noisy(i) + 1
        log.append("sum made")
        y = (Noisy("t1"), Noisy("t2"))[i % 2]
        log.append("tuple gone")
        z = [Noisy("l1"), Noisy("l2")][0].name
        log.append("list gone")


def cells(n):
    def make(x):
        return lambda: x

    f = None
    for i in range(n):
        f = make(Noisy(i))
        log.append(("bound", f().name))


def dicts(n):
    d = {}
    for i in range(n):
        d[i % 3] = Noisy(i)
        if i % 5 == 0:
            d.pop(i % 3)
            log.append("popped")


def returned(n):
    def factory(i):
        local = Noisy(("local", i))
        return Noisy(("result", i))

    for i in range(n):
        factory(i)
        log.append("dropped")
        factory(i).name


for f in (arguments, containers, attributes, temporaries, cells, dicts, returned):
    f(400)
    flush(f.__name__)
