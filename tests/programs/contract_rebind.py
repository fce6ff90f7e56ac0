# The opaque function rebinds the global, the class attribute, the method and the callee the loop depends on.
# native: yes

import builtins
from functools import partial
from operator import add


scale = 2


class Model:
    bias = 1

    def __init__(self):
        self.offset = 0.5

    def apply(self, x):
        return x * scale + self.bias + self.offset


def negative(self, x):
    return -x + self.bias


def other_leaf(i, x):
    if i % period == phase:
        route((i,))
    return x - i


def set_global(i):
    global scale
    scale = scale + 1 if scale < 4 else 0.125


def set_class_attribute(i):
    Model.bias += 1 if i % 300 == 99 else 0.5


def set_method(i):
    Model.apply = negative if Model.apply is original_apply else original_apply


def set_instance_attribute(i):
    model.offset = (model.offset, 7, 1 << 63)[i % 3]
    model.bias = i


def set_callee(i):
    global leaf
    leaf = other_leaf if leaf is original_leaf else original_leaf


def set_code(i):
    code = middle.__code__
    middle.__code__ = middle_twin.__code__
    middle_twin.__code__ = code


def set_builtin(i):
    global abs
    abs = (lambda v: -v) if i % 200 == 99 else builtins.abs


def act(i):
    change(i)
    return 0


def plain(items):
    try:
        return act(items[0])
    finally:
        calls.append("plain")


class Operand:
    def __add__(self, items):
        return act(items[0])


calls = []
# Ways from Python through C to the opaque function: nobody can see through all of them.
ROUTES = {
    "plain": plain,
    "sorted": partial(sorted, key=act),
    "max": partial(max, key=act),
    "operator": partial(add, Operand()),
}
# The opaque action happens once in the run, or every hundredth time.
SCHEDULES = {"once": (1500, 577), "often": (100, 99)}


def leaf(i, x):
    half = model.apply(x) * 0.25
    if i % period == phase:
        route((i,))
    return half + model.bias * scale


def middle(i, x):
    y = leaf(i, x) + abs(-0.25)
    return y


def middle_twin(i, x):
    return leaf(i, x) * 0.5


def loop(n):
    a = 0
    x = 1.0
    for i in range(n):
        x = middle(i, x)
        if x > 1e6 or x < -1e6:
            x = 1.0
        a += scale * 3
    return a, x


original_apply, original_leaf = Model.apply, leaf
CHANGES = (
    set_global,
    set_class_attribute,
    set_method,
    set_instance_attribute,
    set_callee,
    set_code,
    set_builtin,
)


for schedule, (period, phase) in SCHEDULES.items():
    for name, route in ROUTES.items():
        for change in CHANGES:
            model, scale, leaf, Model.bias, Model.apply = (
                Model(),
                2,
                original_leaf,
                1,
                original_apply,
            )
            globals().pop("abs", None)
            print(schedule, name, change.__name__, loop(800))
