# __getattr__, __getattribute__, __setattr__, properties, __slots__, custom descriptors in hot loops.
# native: yes


class Lazy:
    def __init__(self):
        self.asked = 0

    def __getattr__(self, name):
        if name == "missing":
            raise AttributeError("really missing")
        self.asked += 1
        if name.startswith("keep"):
            self.__dict__[name] = 100
        return len(name)


class Celsius:
    def __init__(self, degrees):
        self._degrees = degrees
        self.reads = 0

    @property
    def fahrenheit(self):
        self.reads += 1
        return self._degrees * 9 / 5 + 32

    @fahrenheit.setter
    def fahrenheit(self, value):
        if value < -459.67:
            raise ValueError("too cold")
        self._degrees = (value - 32) * 5 / 9


class Slotted:
    __slots__ = ("x", "y")

    def __init__(self, x):
        self.x = x


class Validated:
    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, obj, owner=None):
        return self if obj is None else getattr(obj, self.name) * 2

    def __set__(self, obj, value):
        if value % 100 == 99:
            value = -value
        setattr(obj, self.name, value)


class Record:
    size = Validated()

    def __getattribute__(self, name):
        if name == "magic":
            return 3
        return object.__getattribute__(self, name)

    def __setattr__(self, name, value):
        object.__setattr__(self, name, value + 1 if name == "plain" else value)


def lazy(n):
    obj = Lazy()
    s = errors = 0
    for i in range(n):
        s += obj.abc + obj.keep
        try:
            s += obj.missing
        except AttributeError as error:
            errors += str(error) == "really missing"
    return s, errors, obj.asked


def properties(n):
    t = Celsius(0.0)
    s = cold = 0
    for i in range(n):
        s += t.fahrenheit
        try:
            t.fahrenheit = i - 500.0 if i % 50 == 0 else 50.0
        except ValueError:
            cold += 1
    return s, cold, t.reads


def slots(n):
    obj = Slotted(0)
    unset = 0
    for i in range(n):
        obj.x += i
        try:
            obj.y += 1
        except AttributeError as error:
            unset += 1
            message = str(error)
            obj.y = 0
        if i % 200 == 199:
            del obj.y
    try:
        obj.z = 1
    except AttributeError as error:
        return obj.x, unset, message, str(error)


def records(n):
    r = Record()
    s = 0
    for i in range(n):
        r.size = i
        r.plain = i
        s += r.size + r.magic + r.plain
        if i == n // 2:
            Record.size = 5
    return s, vars(r).get("size")


print(lazy(500), properties(500), slots(700), records(500))


def cached(n):
    """functools.cached_property writes into the instance's dict while the loop reads it."""
    from functools import cached_property

    class C:
        made = 0

        @cached_property
        def value(self):
            C.made += 1
            return 7

    s = 0
    c = C()
    for i in range(n):
        if i % 100 == 0:
            c = C()
        s += c.value
        if i % 150 == 149:
            del c.value
    return s, C.made


print(cached(600))
