# An exception that leaves three levels of hot loops uncaught, with a chain and a note: stderr and exit code.
# native: yes
# exit: 1


class Overflowing(Exception):
    pass


def innermost(i, j, k):
    if i * j * k == 11 * 11 * 11 and i == j:
        raise Overflowing(i, j, k)
    return i + j - k


def inner(i, n):
    s = 0
    for j in range(n):
        for k in range(n):
            s += innermost(
                i,
                j,
                k,
            )
    return s


def outer(n):
    total = 0
    for i in range(n):
        try:
            total += inner(i, n)
        except Overflowing as error:
            error.add_note(f"total so far {total}")
            raise ValueError("outer gave up") from error
    return total


print(outer(11))
print("the next one fails", flush=True)
outer(13)
