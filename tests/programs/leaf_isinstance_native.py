# native: yes
"""isinstance in machine code: of classes with metaclasses, that are an argument, and whose metaclass or its opinion changes while
the loop runs."""

log = []


class Meta(type):
    pass


class Opinion(Meta):
    def __instancecheck__(cls, instance):
        log.append(cls.__name__)
        return "no opinion" if cls.__name__ == "Node" else ""


class Node(metaclass=Meta):
    pass


class Leaf(Node):
    pass


class Branch(Node):
    pass


class Pretends:
    @property
    def __class__(self):
        log.append("class")
        return Leaf


def count(values, cls):
    n = 0
    for v in values:
        if isinstance(v, cls):
            n += 1
    return n


def nested(values, classes):
    return [count(values, cls) for cls in classes for _ in range(3)]


values = [Leaf(), Branch(), 1, "x", None, Node] * 20
print(nested(values, [Node, Leaf, Branch, int, Meta, type, (Leaf, str), (int, (str, Node))]), len(log))
print(nested(values + [Pretends()] * 5, [Node, Leaf, object]), len(log))


def opaque(i):
    if i == 150:
        Node.__class__ = Opinion
    if i == 200:
        Node.__class__ = Meta
    if i == 250:
        Meta.__instancecheck__ = lambda cls, instance: log.append("meta") or 0
    if i == 300:
        del Meta.__instancecheck__
    return i


def changing(n):
    seen = []
    leaf, other = Leaf(), 5
    for i in range(n):
        min([i], key=opaque)
        r = isinstance(leaf, Node), isinstance(other, Node), isinstance(leaf, Branch)
        if not seen or seen[-1][1] != r:
            seen.append((i, r))
    return seen


print(changing(400))
print(len(log), log[:3], log[-3:])


def made_anew(n):
    total = 0
    for i in range(n):
        cls = Meta("Made", (Node,), {})
        total += isinstance(cls(), Node) + isinstance(cls(), cls) + isinstance(Leaf(), cls)
    return total


print(made_anew(120))
