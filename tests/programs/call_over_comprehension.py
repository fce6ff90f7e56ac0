# native: yes
"""Calls whose callable, receiver and arguments lie on the stack below a loop: bridges read them from memory."""


class Join:
    def __init__(self, sep):
        self.sep = sep

    def of(self, items, *rest):
        return self.sep.join(map(str, items)) + str(rest)

    def size(self, items=None):
        return type(self).__name__, len(items) if items is not None else None


class Holder:
    pass


def c_functions(n):
    out = []
    text = " and "
    for i in range(n):
        out.append([x for x in range(i % 7) if x % 3])
        out.insert(len(out) // 2, max([x * 2 for x in range(i % 5) if x & 1], default=-1))
        out.append(text.join([str(x) for x in range(i % 6) if x != 3]))
        out.append(f"{i!r} {text.upper().join([str(x) for x in range(i % 4)]):>20} end")
    return out


def python_methods(n):
    out = []
    j = Join(";")
    for i in range(n):
        out.append(j.of([x for x in range(i % 7) if x % 2], "rest", 2.5))
        out.append(j.size([x for x in range(i % 7) if x % 2]))
    return out


def receiver_or_not(n):
    method = Join("")
    function = Holder()
    function.size = Join.size
    out = []
    for i in range(n):
        # The same function gets a receiver and the list, or, found in the instance, the list alone.
        j = function if i % 5 == 4 else method
        out.append(j.size([x for x in range(i % 9) if x > 2]))
    return out


def builds(n):
    out = []
    for i in range(n):
        xs = range(i % 9)
        out += (
            i,
            [len(xs), "begin", [x for x in xs if x % 4], {"k": [x for x in xs if x % 4 == 1]}],
        )
        a, b, c = i, (len(xs), [x for x in xs]), [x + i for x in xs]
        out.append((a, b, c))
    return out


for result in c_functions(60), python_methods(60), receiver_or_not(60), builds(60):
    for item in result:
        print(item)
for result in c_functions(900), python_methods(900), receiver_or_not(2000), builds(900):
    print(result[-9:])
