# copy, deepcopy, pickle, json and re on objects made in hot loops: C code that calls back into Python classes.
# native: no
# exits: vary
import copy
import json
import pickle
import re


class Node:
    def __init__(self, value, children=()):
        self.value = value
        self.children = list(children)

    def __reduce__(self):
        return Node, (self.value, self.children)

    def __deepcopy__(self, memo):
        return Node(self.value + 1, copy.deepcopy(self.children, memo))

    def __eq__(self, other):
        return self.value == other.value and self.children == other.children


class State:
    def __getstate__(self):
        return {"n": self.n * 2}

    def __setstate__(self, state):
        self.n = state["n"]


class Encoder(json.JSONEncoder):
    def default(self, o):
        return {"node": o.value, "children": o.children}


def build(n):
    return Node(n, [build(n - 1), Node(0)] if n else [])


def main():
    total = 0
    for i in range(120):
        node = build(i % 6)
        again = pickle.loads(pickle.dumps(node))
        total += again == node
        total += copy.deepcopy(node).value + len(json.dumps(node, cls=Encoder))
        s = State()
        s.n = i
        total += pickle.loads(pickle.dumps(s)).n + copy.copy(s).n
        text = f"key{i}=value{i * 3}; other={i}"
        total += sum(int(m[1]) for m in re.finditer(r"[a-z]+=?(\d+)", text))
        total += len(re.sub(r"\d", lambda m: str(int(m[0]) + 1), text))
    print(total)
    print(json.dumps(build(2), cls=Encoder, sort_keys=True))
    print(json.loads(json.dumps([{"a": i, "b": [i, None, 1.5]} for i in range(50)]), object_hook=lambda d: d["a"])[:3])


main()
