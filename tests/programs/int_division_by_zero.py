# Division by zero inside hot loops, caught, and at last uncaught with the right line.
# native: yes
# exit: 1


def caught(n):
    errors = []
    total = 0
    for i in range(n):
        try:
            total += 1000 // (i % 100 - 50)
        except ZeroDivisionError as error:
            errors.append((i, str(error), error.__traceback__.tb_lineno))
    return total, errors


def modulo(n):
    messages = set()
    total = 0
    for i in range(n):
        try:
            total += i % (i & 255)
        except ZeroDivisionError as error:
            messages.add(str(error))
            total -= 1
    return total, sorted(messages)


def float_division(n):
    messages = []
    total = 0.0
    for i in range(n):
        d = (i % 200 - 100) / 4.0
        try:
            total += 1.0 / d
            total += 7.0 // d
            total += 7.0 % d
        except ZeroDivisionError as error:
            messages.append((i, str(error)))
    return total, messages


def int_true_division(n):
    bad = 0
    total = 0.0
    for i in range(n):
        try:
            total += i / (i % 64)
        except ZeroDivisionError:
            bad += 1
    return total, bad


print(caught(600))
print(modulo(1200))
print(float_division(700))
print(int_true_division(700))


def inner(a, b):
    return (
        a // b  # the line of the operation
    )


def outer(n):
    s = 0
    for i in range(n):
        s += inner(
            i,
            n - i - 1,
        )
    return s


outer(900)
