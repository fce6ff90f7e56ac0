# native: yes
"""Lists and dicts that die in the iteration that made them, of items that go on living."""


def counted(n):
    kept = []
    s = 0
    for i in range(n):
        number = i + 1000000
        s += len([*(1, 2), number])
        kept.append(number)
    return s, sum(kept), kept[-3:]


def nested(n):
    kept = []
    s = 0
    for i in range(n):
        number = i + 2000000
        text = "x" + str(i)
        s += len([*(1, 2), (number, text)]) + len({"a": number, text: text}) + len({number, i})
        kept.append(number)
        kept.append(text)
    return s, sum(kept[::2]), kept[-2:]


def again(n):
    last = None
    s = 0
    for i in range(n):
        number = i * 1000003
        s += len([number, number, *(1, 2), number])
        items = [*("a", "b")]
        items.append(number)
        items.insert(0, number)
        items = None
        s += number - (last or 0)
        last = number
    return s, last


for n in (300, 5000):
    print(counted(n), nested(n), again(n))
