"""Attributes that C code gets: getters, members, classes with metaclasses, and what changes under the places."""

import abc
import sys
import types


class Plain:
    pass


class Slotted:
    __slots__ = ("__weakref__",)


class Meta(type):
    kind = "meta"


class WithMeta(metaclass=Meta):
    value = 1

    def method(self):
        return "method"


class Abstract(abc.ABC):
    value = 2


def names(objects):
    return [f"{o.__class__.__name__} {sorted(o.__dict__)} {o.__doc__ is None}" for o in objects]


def getters():
    found = []
    for i in range(60):
        o = Plain()
        o.a = i
        found.append(names([o, Plain]))
        e = ValueError(i)
        found.append((e.args, e.__traceback__, e.__context__, e.__cause__, e.__suppress_context__))
        c = complex(i, -i)
        found.append((c.real, c.imag, (i).numerator, 2.5.real, slice(i).stop, range(i).stop))
        f = getters.__code__
        found.append((f.co_name, f.co_argcount, getters.__name__, getters.__qualname__, len(getters.__dict__)))
    return found


print(len(repr(getters())), repr(getters())[-200:])


def class_attributes(classes):
    found = []
    for i in range(60):
        for c in classes:
            found.append((c.value, c.__name__, c.__mro__[-1] is object, c.__bases__))
            try:
                found.append(c.kind)
            except AttributeError as e:
                found.append(str(e))
        if i == 20:
            WithMeta.value = "changed"
        if i == 30:
            Meta.value = property(lambda cls: "by the metaclass")
        if i == 40:
            Meta.__getattribute__ = lambda cls, name: type.__getattribute__(cls, name)
        if i == 50:
            del Meta.__getattribute__, Meta.value
            Abstract.kind = "abstract"
    return found


print(class_attributes([WithMeta, Abstract]))


class Fallback:
    def __getattr__(self, name):
        return f"no {name}"


def missing(objects):
    """AttributeErrors by C code, until there is something."""
    found = []
    for i in range(80):
        for o in objects:
            try:
                found.append(o.nothing)
            except AttributeError as e:
                found.append((str(e), e.name, e.obj is o, e.__traceback__.tb_lineno - missing.__code__.co_firstlineno))
        if i == 20:
            objects[0].nothing = "own"
        if i == 40:
            Plain.nothing = property(lambda self: "by the class")
        if i == 60:
            Plain.__getattribute__ = lambda self, name: "everything"
        if i == 70:
            del Plain.__getattribute__, Plain.nothing
    return found


print(missing([Plain(), Slotted(), Fallback(), types.SimpleNamespace(a=1), 3, sys]))


def class_changes():
    found = []
    o = Plain()
    for i in range(60):
        found.append(o.__class__.__name__)
        if i in (10, 30):
            o.__class__ = Other if type(o) is Plain else Plain
        if i == 45:
            o = Lying()
    return found


class Other:
    pass


class Lying:
    __class__ = property(lambda self: int)


print(class_changes())


class Counting(type):
    def __getattr__(cls, name):
        return f"{cls.__name__} has no {name}"


class Counted(metaclass=Counting):
    here = 1


print([(Counted.here, Counted.away, Counted().here) for i in range(40)][-1])


class Thread_local:
    def __init__(self):
        import threading

        self.local = threading.local()


def own_getattro():
    """Types with a look-up of their own, in C."""
    local = Thread_local().local
    found = []
    for i in range(40):
        if i % 3 == 0:
            local.x = i
        found.append(local.x)
        found.append(types.MappingProxyType({"a": i}).get("a"))
        found.append(super(WithMeta, WithMeta()).__class__.__name__)
    return found


print(own_getattro())


def bound():
    """Methods by way of C code are bound objects."""
    found = []
    local = Thread_local().local
    local.f = lambda *args: args
    for i in range(40):
        found.append(local.f(i))
        found.append(dict.fromkeys([i]))
        found.append(int.from_bytes(b"ab", "big"))
        found.append(WithMeta.method(None))
    return found


print(bound())
