# locals(), vars(), dir(), exec and eval in hot loops, with explicit and implicit namespaces.
# native: yes


def snapshots(n):
    """locals() in a function gives an independent snapshot each time."""
    s = 0
    snaps = []
    for i in range(n):
        s += i
        if i % 200 == 0:
            snaps.append(locals())
    return s, [(d["i"], d["s"], len(d)) for d in snaps]


def write_to_snapshot(n):
    s = 0
    for i in range(n):
        locals()["s"] = -1
        s += 1
    return s


def evals(n):
    s = 0
    x = 2.5
    for i in range(n):
        s += eval("i * 2 + int(x)")
        s += eval("i + k", {"k": 5}, {"i": 1})
    return s


def execs(n):
    namespace = {"total": 0}
    code = compile("total += step\nstep = step * 3 % 101", "<step>", "exec")
    namespace["step"] = 1
    for _ in range(n):
        exec(code, namespace)
    return namespace["total"], namespace["step"]


def exec_cannot_rebind(n):
    s = 0
    for i in range(n):
        exec("s = 10 ** 6")
        s += 1
    return s


def exec_sees_closure(n):
    out = 0
    hidden = 3
    for i in range(n):
        ns = {"hidden": hidden, "i": i}
        exec("result = hidden * i\nfor q in range(3):\n    result += q", {}, ns)
        out += ns["result"]
    return out


def names(n):
    seen = set()
    for i in range(n):
        seen.add(tuple(dir()))
        if i == n // 2:
            late = 1
    return sorted(seen)


def made_functions(n):
    s = 0
    for i in range(n // 20):
        ns = {}
        exec(
            f"def f(x):\n    t = 0\n    for k in range(20):\n        t += k * {i % 3} + x\n    return t",
            ns,
        )
        s += ns["f"](i)
    return s


class Body:
    """A class body is a namespace whose loop variables are class attributes."""

    total = 0
    for k in range(500):
        total += k
        if k == 300:
            locals()["total"] = 0
    del k


for f in (
    snapshots,
    write_to_snapshot,
    evals,
    execs,
    exec_cannot_rebind,
    exec_sees_closure,
    names,
    made_functions,
):
    print(f.__name__, f(700))
print(Body.total, hasattr(Body, "k"))


class Tracking(dict):
    """A mapping as local namespace: every load and store of the loop goes through it."""

    def __init__(self):
        self.loads = self.stores = 0

    def __getitem__(self, key):
        self.loads += 1
        return dict.__getitem__(self, key)

    def __setitem__(self, key, value):
        self.stores += 1
        dict.__setitem__(self, key, value)


ns = Tracking()
exec("s = 0\nfor i in range(400):\n    s += i", {}, ns)
print(ns["s"], ns.loads, ns.stores)
