# Scopes: nonlocal, global, class scope, comprehension scopes, deleted and unbound names, walrus, lambda defaults.
# native: no
counter = 0


def bump():
    global counter
    counter += 1
    return counter


def make(n):
    total = 0
    history = []

    def add(x):
        nonlocal total
        total += x
        history.append(lambda: total - x)
        return total

    def drop():
        nonlocal total
        del total

    return add, drop, history


def comprehensions(n):
    x = "outer"
    a = [x for x in range(n)]
    b = {x: [y for y in range(x)] for x in range(n)}
    c = [f() for f in [lambda i=i: i * i for i in range(n)]]
    d = [f() for f in [lambda: i for i in range(n)]]
    e = [last := y for y in range(n)]
    return x, sum(a), len(b), c[-1:], d[:1], last if n else None, e[-1:]


def unbound(n):
    if n % 2:
        x = n
    try:
        return x
    except UnboundLocalError as error:
        return str(error)


def free_unbound(n):
    def inner():
        return value

    if n % 2:
        value = n
    try:
        return inner()
    except NameError as error:
        return str(error)


def main():
    total = 0
    for i in range(400):
        add, drop, history = make(i)
        total += add(i) + add(2) + history[0]() + bump()
        drop()
        try:
            add(1)
        except NameError as error:
            total += len(str(error))
        total += len(repr(comprehensions(i % 6 + 1)))
        total += len(str(unbound(i))) + len(str(free_unbound(i)))
    print(total, counter, unbound(2), free_unbound(2))
    print(comprehensions(4))


main()
for i in range(500):
    j = i * 2
    if i % 100 == 99:
        del j
        try:
            print(j)
        except NameError as error:
            print(error)
print(i, [k for k in "ab"], "k" in globals())
