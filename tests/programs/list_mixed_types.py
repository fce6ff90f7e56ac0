# Lists of mixed types in every order; matrices; list methods in hot loops.
# native: yes


def fold(items):
    number = 0
    text = ""
    others = []
    for x in items:
        if isinstance(x, int):
            number += x
        elif isinstance(x, float):
            number -= int(x * 2)
        elif isinstance(x, str):
            text += x
        else:
            others.append(x)
    return number, text[-20:], len(text), others[:3], len(others)


ints, floats, texts = list(range(200)), [i * 0.5 for i in range(200)], ["ab"] * 200
for items in (
    ints,
    ints + floats,
    floats + texts + ints,
    [x for three in zip(ints, floats, texts) for x in three],
    [None, 1, "s", 2.5, (1,), True] * 120,
):
    print(fold(items))


def double(items):
    out = []
    for x in items:
        out.append(x * 2)
    return out


print(double([1, 2.5, "x", (1, 2), [3], True, 1 << 62, 1j] * 60)[-8:])


def transpose_in_place(m):
    n = len(m)
    for i in range(n):
        for j in range(i):
            m[i][j], m[j][i] = m[j][i], m[i][j]
    return m


m = [[i * 10 + j if (i + j) % 3 else (i - j) / 2 for j in range(25)] for i in range(25)]
m = transpose_in_place(m)
print(m[3][:6], m[24][20:])


def stack_machine(n):
    stack = []
    for i in range(n):
        if i % 3 == 2:
            b = stack.pop()
            a = stack.pop()
            stack.append(a + b)
        else:
            stack.append(i)
        if len(stack) > 50:
            stack.reverse()
            del stack[10:]
    return stack


def aliasing(n):
    a = [0] * 5
    b = a
    c = a[:]
    for i in range(n):
        a[i % 5] += i
        b[(i + 1) % 5] -= 1
        c[i % 5] = a[(i + 2) % 5]
    return a, b is a, c


def self_containing(n):
    lst = [0]
    lst.append(lst)
    for i in range(n):
        lst[0] += lst[1][0] * 0 + lst[1][1][0] % 2 + 1
    return lst[0], repr(lst)


print(stack_machine(1500))
print(aliasing(900))
print(self_containing(600))
