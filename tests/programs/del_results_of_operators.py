# native: yes
# exits: vary
"""What an operator written in Python answers dies in the instruction that asked it: before its operands or after them."""


class Named:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        log.append(self.name)


class True_(Named):
    def __bool__(self):
        log.append("bool")
        return True


class Sized(Named):
    def __len__(self):
        log.append("len")
        return 1


class Key(Named):
    def __init__(self, kind):
        self.name = "key"
        self.kind = kind

    def __eq__(self, other):
        return self.kind("result")

    __lt__ = __gt__ = __contains__ = __eq__


log = []

TESTS = [
    "0 == Key({kind})",
    "Key({kind}) == 0",
    "0 < Key({kind})",
    "Key({kind}) > 0",
    "0 in Key({kind})",
    "0 not in Key({kind})",
    "Named('left') == Key({kind})",
    "Key({kind}) == Named('right')",
    "Named('left') in Key({kind})",
    "Named('left') not in Key({kind})",
]

FUNCTION = """
def test():
    answers = 0
    for i in range(400):
        log.append("-")
        if {test}:
            answers += 1
        else:
            answers -= 1
    return answers
"""

for test in TESTS:
    for kind in ["Named", "True_", "Sized", "bool"]:
        names = dict(globals())
        exec(FUNCTION.format(test=test.format(kind=kind)), names)
        log.clear()
        answers = names["test"]()
        orders = " ".join(log).split("- ")
        print(test.format(kind=kind), answers, sorted({(o.strip(), orders.count(o)) for o in orders}))
