# Types, functions, dicts and modules die and others take their addresses while the same loop stays hot.
# native: yes

import gc
import types


def drive(obj, n):
    s = 0
    for i in range(n):
        s += obj.step(i)
        obj.value = i
        s += obj.value
    return s


def make_class(k):
    class Short:
        weight = k

        def __init__(self):
            self.value = 0

        def step(self, i):
            return i * self.weight

    if k % 3 == 1:
        Short.step = lambda self, i: -i
    if k % 3 == 2:
        Short.value = property(lambda self: k, lambda self, v: None)
        Short.__init__ = lambda self: None
    return Short


def classes(rounds, n):
    out = []
    for k in range(rounds):
        out.append(drive(make_class(k)(), n))
        if k % 4 == 0:
            gc.collect()
    return out


def call(f, n):
    s = 0
    for i in range(n):
        s += f(i)
    return s


def functions(rounds, n):
    out = []
    for k in range(rounds):
        if k % 2:
            f = lambda x: x + k
        else:

            def f(x, y=k):
                return x * y

        out.append(call(f, n))
        del f
    return out


SOURCE = """
def step(i):
    return i * scale + offset({k})

def loop(n):
    s = 0
    for i in range(n):
        s += step(i)
    return s

offset = lambda x: x
"""


def modules(rounds, n):
    """Fresh globals and fresh code each round; the old ones are freed."""
    out = []
    code = compile(SOURCE.replace("{k}", "scale"), "<module>", "exec")
    for k in range(rounds):
        module = types.ModuleType("short")
        module.scale = k if k % 3 else k * 0.5
        exec(code, module.__dict__)
        out.append(module.loop(n))
        del module
        gc.collect(0)
    return out


def exec_code(rounds, n):
    out = 0
    for k in range(rounds):
        namespace = {"scale": k}
        exec(SOURCE.replace("{k}", str(k)), namespace)
        out += namespace["loop"](n)
    return out


def items(n):
    """Integers and floats freed and made again at the same addresses."""
    s = 0
    previous = None
    for i in range(n):
        current = [10**15 + i, i * 0.5]
        if previous is not None and current[0] is previous:
            raise AssertionError
        previous = current[0]
        s += current[0] + current[1]
    return s


print(classes(12, 150))
print(functions(12, 200))
print(modules(9, 150), exec_code(12, 60), items(900))
