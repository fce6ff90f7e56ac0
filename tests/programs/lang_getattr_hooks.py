# __getattr__, __getattribute__, __setattr__, __delattr__, __dir__ and module __getattr__, appearing mid-loop.
# native: no
import sys
import types

log = {}


def note(name):
    log[name] = log.get(name, 0) + 1


class Plain:
    x = 1


class Fallback(Plain):
    def __getattr__(self, name):
        note("getattr " + name)
        if name == "gone":
            raise AttributeError("gone, really")
        return len(name)


class All(Plain):
    def __getattribute__(self, name):
        note("getattribute " + name)
        return super().__getattribute__(name)

    def __setattr__(self, name, value):
        note("setattr")
        object.__setattr__(self, name, value * 2)

    def __delattr__(self, name):
        note("delattr")
        object.__delattr__(self, name)


def use(obj, i):
    obj.y = i
    total = obj.x + obj.y
    try:
        total += obj.missing
    except AttributeError as error:
        total += len(str(error))
    try:
        obj.gone
    except AttributeError as error:
        note(str(error))
    del obj.y
    return total


module = types.ModuleType("synthetic")
sys.modules["synthetic"] = module
module.value = 3
module.__getattr__ = lambda name: len(name) if name != "no" else note("module no") or 0


def main():
    total = 0
    objects = [Plain(), Fallback(), All()]
    for i in range(900):
        total += use(objects[i // 300], i)
    objects = [Plain(), Fallback(), All()]
    for i in range(300):
        total += use(objects[i % 3], i)
    for i in range(300):
        total += module.value + module.other + module.no
        if i == 150:
            module.other = 100
        if i == 200:
            Plain.__getattr__ = lambda self, name: 7
        total += use(objects[0], i)
    print(total)
    for key in sorted(log):
        print(key, log[key])


main()
