# Loops whose behaviour changes once late: the rare path of a branch, a type at the very last turn, phases.
# native: yes


def last_turn(items):
    s = 0
    for x in items:
        s = s + x
    return s


def phases(n):
    """Each phase takes another side of the same branches."""
    a = b = c = 0
    for i in range(n):
        if i < n // 3:
            a += i
        elif i < 2 * n // 3:
            b += i * 0.5
        else:
            c += 1 << (i % 70)
    return a, b, c


def rare(n, period):
    common = uncommon = 0
    x = 1
    for i in range(n):
        if i % period == 0:
            uncommon += x
            x = x + 0.25 if i % 2 else x + 1
        else:
            common += 1
    return common, uncommon, x


def countdown(n):
    hits = 0
    while n:
        n -= 1
        if n == 3:
            hits += 1000
        if not n & 63:
            hits += 1
    return hits


def none_or_number(items):
    total = 0
    missing = 0
    for x in items:
        if x is None:
            missing += 1
            continue
        if x is not items[0]:
            total += x
    return total, missing


def state_machine(text):
    state = "start"
    words = numbers = 0
    for c in text:
        if state == "start":
            if c.isalpha():
                state = "word"
                words += 1
            elif c.isdigit():
                state = "number"
                numbers += 1
        elif state == "word":
            if not c.isalpha():
                state = "start"
        elif not c.isdigit():
            state = "start"
    return words, numbers


def collatz(n):
    longest = best = 0
    for start in range(1, n):
        steps = 0
        x = start
        while x != 1:
            x = x // 2 if x % 2 == 0 else 3 * x + 1
            steps += 1
        if steps > longest:
            longest, best = steps, start
    return best, longest


ints = list(range(800))
for last in (1.5, 1 << 63, True, None, "x", [1]):
    try:
        print(repr(last), last_turn(ints + [last]))
    except TypeError as error:
        print(repr(last), error)
print(phases(1500), rare(1500, 100), rare(1500, 2), rare(1500, 701), countdown(2000))
print(
    none_or_number(ints),
    none_or_number(ints + [None] * 5),
    none_or_number([None] * 700 + ints),
)
print(state_machine("abc 12 de3f 456 " * 40), collatz(150))


def accidental_equality(n):
    """0, 0.0, False and -0.0 are equal but not the same."""
    out = []
    for i in range(n):
        x = (0, 0.0, False, -0.0)[i * 4 // n]
        y = x * 1 if x == 0 else None
        if i % (n // 8) == 0:
            out.append(repr(y))
    return out


print(accidental_equality(800))
