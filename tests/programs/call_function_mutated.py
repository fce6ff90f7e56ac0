# __code__, __defaults__, __kwdefaults__ of an inlined function are replaced in the middle of a loop.
# native: yes


def make():
    def target(x, y=10, *, z=100):
        return x + y + z

    return target


def minus(x, y=10, *, z=100):
    return x - y - z


def drive(target, n, at, action):
    s = 0
    for i in range(n):
        s += target(i)
        if i == at:
            action(target)
    return s


def replace_code(f):
    f.__code__ = minus.__code__


def replace_defaults(f):
    f.__defaults__ = (20,)


def replace_with_float(f):
    f.__defaults__ = (0.5,)


def no_defaults(f):
    f.__defaults__ = None


def replace_kwdefaults(f):
    f.__kwdefaults__ = {"z": -100}


def edit_kwdefaults(f):
    f.__kwdefaults__["z"] += 1


for action in (
    replace_code,
    replace_defaults,
    replace_with_float,
    replace_kwdefaults,
    edit_kwdefaults,
):
    print(action.__name__, drive(make(), 800, 400, action), drive(make(), 800, 0, action))
try:
    drive(make(), 800, 500, no_defaults)
except TypeError as error:
    print(error)


def longer(x, y=10, *, z=100):
    total = 0
    for k in range(3):
        total += x * k
    unused = [total, y, z]
    return sum(unused)


def every_time(n):
    f = make()
    codes = [f.__code__, minus.__code__, longer.__code__]
    s = 0
    for i in range(n):
        if i % 50 == 0:
            f.__code__ = codes[i // 50 % 3]
        s += f(i)
    return s


print(every_time(1200))


def recursive(n):
    """The function replaces its own code while it runs; the running frame keeps the old one."""
    if n == 40:
        recursive.__code__ = replacement.__code__
    return 0 if n == 0 else 1 + recursive(n - 1)


def replacement(n):
    return 0 if n == 0 else 2 + recursive(n - 1)


print(recursive(100), recursive(100))


def wrong_closure(n):
    captured = 5

    def inner(x):
        return x + captured

    f = make()
    errors = 0
    s = 0
    for i in range(n):
        try:
            if i % 100 == 0:
                f.__code__ = inner.__code__
        except ValueError as error:
            errors += 1
            message = str(error)
        s += f(i)
    return s, errors, message


print(wrong_closure(500))
