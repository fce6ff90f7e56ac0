# Closures: nonlocal counters, cells shared by several functions, late binding, cells deleted.
# native: yes


def counter(start, step):
    value = start

    def up():
        nonlocal value
        value += step
        return value

    def peek():
        return value

    def replace(new):
        nonlocal value
        value = new

    return up, peek, replace


def drive(n):
    up, peek, replace = counter(0, 3)
    other_up, other_peek, _ = counter(1.5, 0.25)
    for i in range(n):
        up()
        if i % 100 == 50:
            replace(peek() // 2)
        if i == n // 2:
            replace(float(peek()))
        other_up()
    return peek(), other_peek()


def loop_over_own_cell(n):
    """The loop's own variables are cells, written by an inner function."""
    total = 0
    skip = 0

    def add(x):
        nonlocal total, skip
        total += x
        if x % 64 == 0:
            skip = 3

    for i in range(n):
        if skip > 0:
            skip -= 1
            continue
        add(i)
    return total, skip


def late_binding(n):
    fs = []
    for i in range(n):
        fs.append(lambda: i)
    bound = [lambda i=i: i for i in range(n)]
    return sum(f() for f in fs), sum(f() for f in bound)


def nested(n):
    a = 1

    def f():
        b = a + 1

        def g():
            nonlocal a
            a += b
            return a - b

        return g

    s = 0
    for _ in range(n):
        s += f()()
        if a > 1 << 40:
            a = 1
    return s, a


def unbound_cell(n):
    value = 1

    def get():
        return value

    log = []
    total = 0
    for i in range(n):
        if i == n - 100:
            del value
        if i == n - 50:
            value = 7
        try:
            total += get()
        except NameError as error:
            log.append(str(error))
    return total, len(log), log[0]


print(
    drive(900),
    loop_over_own_cell(900),
    late_binding(400),
    nested(700),
    unbound_cell(600),
)
f = counter(5, 5)[0]
print(sum(f() for _ in range(500)), f.__closure__[0].cell_contents, f.__code__.co_freevars)


def written_from_outside(n):
    x = 0

    def read():
        return x

    cell = read.__closure__[0]
    s = 0
    for i in range(n):
        if i % 100 == 99:
            cell.cell_contents = i * 1.5
        s += x
    return s


print(written_from_outside(700))
