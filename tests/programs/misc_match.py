# match statements in hot loops: literals, sequences, mappings, classes, guards, or-patterns, captures.
# native: no


class Point:
    __match_args__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y


def number(x):
    match x:
        case 0:
            return "zero"
        case 1 | 2 | 3:
            return "few"
        case int() if x < 0:
            return "negative"
        case bool():
            return "bool"
        case int(n):
            return "int" if n % 2 else "even"
        case float():
            return "float"
        case None:
            return "none"
        case _:
            return "other"


def shape(v):
    match v:
        case []:
            return 0
        case [x]:
            return x
        case [x, y] if x == y:
            return x * 100
        case [x, *rest, z]:
            return x + len(rest) + z
        case {"kind": "a", "value": int(n)}:
            return n
        case {"kind": kind, **rest}:
            return len(kind) + len(rest)
        case Point(0, y):
            return y
        case Point(x=x, y=Point(x=z)):
            return x * z
        case Point(x, y):
            return x - y
        case "text" | b"bytes":
            return -7
        case str() as s:
            return len(s)
    return None


def run(f, values, n):
    table = {}
    for i in range(n):
        r = f(values[i % len(values)])
        table[r] = table.get(r, 0) + 1
    return table


numbers = [
    0,
    1,
    3,
    -5,
    7,
    8,
    2.5,
    None,
    "s",
    0.0,
    1.0,
    True,
    False,
    1 << 70,
    -(1 << 70),
]
shapes = [
    [],
    [5],
    (4, 4),
    [1, 2, 3, 4],
    {"kind": "a", "value": 3},
    {"kind": "bb", "value": 3, "more": 1},
    {"kind": "a", "value": "x"},
    Point(0, 11),
    Point(2, Point(3, 4)),
    Point(9, 4),
    "text",
    b"bytes",
    "longer text",
    {},
    {1},
    range(3),
]
print(run(number, numbers, 900))
print(run(shape, shapes, 960))


def machine(program, n):
    """A little interpreter: the classic use of match in a loop."""
    stack = [0]
    pc = steps = 0
    while steps < n:
        steps += 1
        match program[pc]:
            case ("push", v):
                stack.append(v)
            case ("add",):
                stack.append(stack.pop() + stack.pop())
            case ("dup",):
                stack.append(stack[-1])
            case ("mod", m):
                stack.append(stack.pop() % m)
            case ("jump_if_less", limit, target) if stack[-1] < limit:
                pc = target
                continue
            case ("jump_if_less", *_):
                stack = [stack[-1] // 7]
            case unknown:
                raise ValueError(unknown)
        pc = (pc + 1) % len(program)
    return stack[:5], pc


program = [
    ("push", 3),
    ("add",),
    ("dup",),
    ("push", 2.5),
    ("add",),
    ("mod", 101),
    ("jump_if_less", 60, 0),
]
print(machine(program, 1500))
try:
    machine(program + [("halt",)], 1500)
except ValueError as error:
    print(error)


def wrong_match_args(n):
    count = 0
    for i in range(n):
        try:
            match Point(1, 2):
                case Point(a, b, c):
                    pass
        except TypeError as error:
            count += 1
            message = str(error)
    return count, message


print(wrong_match_args(300))
