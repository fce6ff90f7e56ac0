# del of a local in a hot loop, then UnboundLocalError; variables bound only on some paths; NameError text.
# native: yes


def deleted(n):
    x = 1
    s = 0
    errors = []
    for i in range(n):
        if i == 500:
            del x
        try:
            s += x
        except UnboundLocalError as error:
            errors.append((i, str(error)))
            x = 2.5
    return s, errors


def bound_later(n):
    misses = 0
    s = 0
    for i in range(n):
        try:
            s += late
        except UnboundLocalError:
            misses += 1
        if i == 400:
            late = 3
    return s, misses


def del_and_rebind(n):
    s = 0
    for i in range(n):
        t = i * 2
        s += t
        del t
    try:
        t
    except UnboundLocalError as error:
        return s, str(error)


def double_delete(n):
    message = None
    for i in range(n):
        t = i
        del t
        if i == n - 5:
            try:
                del t
            except UnboundLocalError as error:
                message = str(error)
    return message


def loop_variable(n):
    for i in range(0):
        pass
    try:
        return i
    except UnboundLocalError as error:
        message = str(error)
    for i in range(n):
        if i == n - 1:
            del i
    try:
        return i
    except UnboundLocalError:
        return message, "deleted"


def loop_variable_deleted_each_turn(n):
    s = 0
    for i in range(n):
        s += i
        del i
    return s


def free_variable(n):
    def get():
        return value

    misses = 0
    for i in range(n):
        try:
            get()
        except NameError as error:
            misses += 1
            message = str(error)
        if i == 300:
            value = 1
        if i == 310:
            del value
    return misses, message


def unknown_global(n):
    count = 0
    for i in range(n):
        try:
            lenght
        except NameError as error:
            count += 1
            message = str(error), error.name
    return count, message


for f in (
    deleted,
    bound_later,
    del_and_rebind,
    double_delete,
    loop_variable,
    loop_variable_deleted_each_turn,
    free_variable,
    unknown_global,
):
    print(f.__name__, f(800))


def bound_on_some_entries(n, bind):
    """The inner loop's first store finds its variable bound, or never yet bound."""
    s = 0
    for i in range(n):
        if bind:
            x = i
        for k in range(3):
            if k == 1:
                x = k
                s += x
        del x
    return s


print([bound_on_some_entries(300, bind) for bind in (True, False, True)])


def uncaught(n):
    total = 0
    for i in range(n):
        total += step
        if i == 700:
            del step
        step = 1 if i < 0 else i


try:
    uncaught(900)
except UnboundLocalError as error:
    print(error, error.__traceback__.tb_next.tb_lineno)
