# Descriptors of every kind under an attribute that a hot loop reads and writes, exchanged while it runs.
# native: no


class Data:
    def __get__(self, obj, owner=None):
        return 1000 if obj is None else 1

    def __set__(self, obj, value):
        obj.__dict__["shadow"] = value


class NonData:
    def __get__(self, obj, owner=None):
        return 2


class Thing:
    __slots__ = ("__dict__", "slot")
    attr = 0

    def __init__(self):
        self.slot = 5


def work(things, n, changes):
    total = 0
    for i in range(n):
        t = things[i % len(things)]
        total = (total * 3 + t.attr + t.slot) % 1000003
        t.other = i
        if i % 3 == 0:
            t.slot = i % 11
        change = changes.get(i)
        if change:
            change(t)
    return total, total % 7


def forget(t):
    del t.slot
    t.slot = 77


changes = {
    200: lambda t: setattr(Thing, "attr", Data()),
    400: lambda t: t.__dict__.__setitem__("attr", 50),
    600: lambda t: setattr(Thing, "attr", NonData()),
    800: lambda t: t.__dict__.pop("attr", None),
    1000: lambda t: setattr(Thing, "attr", property(lambda self: self.slot)),
    1200: lambda t: setattr(Thing, "attr", 9),
    1300: lambda t: setattr(Thing, "other", Data()),
    1400: forget,
    1500: lambda t: setattr(Thing, "attr", staticmethod(len)),
}
try:
    print(work([Thing(), Thing()], 1500, changes))
    print(work([Thing()], 300, {}))
except TypeError as error:
    print(error)
    import traceback

    print(traceback.extract_tb(error.__traceback__)[-1].name)
work([Thing(), Thing()], 10, {}) if isinstance(Thing.attr, int) else print(Thing.attr is len)
