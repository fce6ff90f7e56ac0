# Globals that a hot loop depends on are rebound by the loop, by a callee, through globals() and del.
# native: yes

step = 1
limit = 10


def add(x):
    return x + step


def rebound_by_loop(n):
    global step
    step = 1
    s = 0
    for i in range(n):
        s += add(i)
        if i % 250 == 249:
            step = step * 2
        if i == n - 50:
            step = 0.5
    return s


def bump():
    global step
    step += 5


def rebound_by_callee(n):
    s = 0
    for i in range(n):
        s += step
        if i == 400 or i == 401:
            bump()
        s += step
    return s


def rebound_through_dict(n):
    s = 0
    namespace = globals()
    for i in range(n):
        s += limit
        if i == 300:
            namespace["limit"] = 20
        if i == 500:
            namespace.update(limit=30)
        if i == 600:
            globals().__setitem__("limit", 0.25)
    return s


def deleted_and_back(n):
    global limit
    limit = 1
    s = 0
    missing = []
    for i in range(n):
        if i == 400:
            del limit
        if i == 405:
            limit = 9
        try:
            s += limit
        except NameError as error:
            missing.append((i, str(error)))
    return s, missing


def function_rebound(n):
    global add
    original = add
    s = 0
    for i in range(n):
        s += add(i)
        if i == 300:
            add = lambda x: -x
        if i == 600:
            add = original
    return s


def builtin_becomes_global(n):
    """A global named like a builtin appears and goes away again."""
    s = 0
    data = [1, 2, 3]
    for i in range(n):
        s += len(data)
        if i == 300:
            globals()["len"] = lambda x: 100
        if i == 350:
            del globals()["len"]
    return s


step = 1
print(rebound_by_loop(1000))
step = 1
print(rebound_by_callee(800), rebound_through_dict(800), deleted_and_back(800))
step = 1
print(function_rebound(900), builtin_becomes_global(700))
for _ in range(3):
    step = 1
    print(rebound_by_callee(500), function_rebound(700), builtin_becomes_global(400))
