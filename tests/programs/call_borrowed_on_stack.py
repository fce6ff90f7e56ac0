# native: yes
# references: differ
"""Operands that wait on the stack while a loop runs, loaded from variables that borrow from the caller: they are
borrowed, too, or not, as the caller pleases."""

import sys


class Node:
    def __init__(self, items):
        self.items = items

    def replace(self, items=None, extra=None):
        return Node(items)

    def same(self, items):
        return self


def first(a, b):
    return a


def borrows(node):
    return first(node, [x for x in (1, 2, 3)])


def method(node):
    return node.same([x + 1 for x in node.items if x]).same([x for x in node.items])


def keywords(node):
    return node.replace(items=tuple([x for x in node.items]), extra=[n for n in range(3)])


def counts(node):
    return first(node, [sys.getrefcount(node) for _ in range(3)]), sum([sys.getrefcount(node) for _ in range(3)])


def copied(tree):
    if not isinstance(tree, Node):
        return tree
    return tree.replace(items=tuple(copied(x) for x in tree.items))


def build(n, depth):
    return Node(tuple([build(n, depth - 1) if depth and i == 1 else f"{i}-{depth}" * 20 for i in range(n)]))


def run(n):
    kept = []
    refs = set()
    for i in range(n):
        node = Node([i, 0, i + 1])
        kept.append(node)
        for f in (borrows, method):
            assert f(node) is node
            assert f(kept[-1]) is node
            f(Node([i]))
        keywords(node)
        keywords(Node([i, i]))
        refs.add((counts(node)[1], counts(kept[-1])[1], sys.getrefcount(node)))
        tree = build(3, 2)
        kept.append(copied(tree).items[1].items[1].items[i % 3])
        assert copied(copied(tree)).items[0] is tree.items[0]
    return len(kept), sorted(refs), [sys.getrefcount(k) for k in kept[-6:]], kept[1::2][-3:]


print(run(400))
