# native: yes
# references: differ
"""Properties, __getattr__, __setattr__, attributes in dicts and on classes, with statements and super() of every kind: in
traces, with errors in them, and while classes change."""

import sys
import traceback

log = []


class Celsius:
    scale = 1

    def __init__(self, degrees):
        self._degrees = degrees

    @property
    def degrees(self):
        return self._degrees

    @degrees.setter
    def degrees(self, value):
        if value == 1500:
            raise ValueError(value)
        self._degrees = value

    @property
    def converter(self):
        return lambda x: x + self._degrees

    def __getattr__(self, name):
        if name == "missing":
            return 3
        raise AttributeError(name)

    def __del__(self):
        log.append("dies")


def properties(n):
    c = Celsius(1)
    s = 0
    for i in range(n):
        s += c.degrees + c.missing + c.scale + c.converter(i)
        try:
            c.degrees = i
        except ValueError as e:
            log.append([(f.name, f.lineno) for f in traceback.extract_tb(e.__traceback__)])
        if i == n - 100:
            c.scale = 10
        if i == n - 50:
            c.missing = 4
        s += Celsius(i).degrees
    return s


print(properties(2000), log[0], len(log))
log.clear()


class Proxy:
    """A getter's AttributeError is no error where there is __getattr__: always, now and then, in a call, in __getattr__ too."""

    def __init__(self, target):
        self.target = target

    def __getattr__(self, name):
        log.append(name)
        return getattr(self.target, name)

    @property
    def never(self):
        return self.unknown

    @property
    def sometimes(self):
        if self.target.real % 97 == 0:
            raise AttributeError("sometimes")
        return self.target

    @property
    def real(self):
        return self._real

    @property
    def bit_count(self):
        raise AttributeError(name="bit_count")


class Deeper(Proxy):
    @property
    def numerator(self):
        return self.never


def proxies(n):
    s = 0
    for i in range(n):
        p, d = Proxy(i), Deeper(Proxy(i))
        s += p.real + p.bit_count() + d.numerator + d.real
        for x in p, d:
            try:
                s += x.sometimes.real
                x.never
            except AttributeError as e:
                s += len(str(e)) + len(traceback.extract_tb(e.__traceback__))
        if i == n - 20:
            del Proxy.__getattr__
            Proxy._real, Proxy.unknown = 5, 6
            p.never, p.real
            Proxy.__getattr__ = lambda self, name: getattr(self.target, name)
            del Proxy._real, Proxy.unknown
    return s


print(proxies(1500), len(log), sorted(set(log)))
log.clear()


class Recorded:
    def __setattr__(self, name, value):
        log.append(name)
        object.__setattr__(self, name, value)

    def __getattribute__(self, name):
        return object.__getattribute__(self, name)


class Many:
    "Its instances have no inline values left once their dict has been asked for."

    shared = 5

    def method(self, x):
        return self.base + x


def stores(n):
    r = Recorded()
    m = Many()
    m.base = 2
    m.__dict__["extra"] = 7
    s = 0
    for i in range(n):
        r.x = i
        s += r.x + m.method(i) + m.extra + m.shared
        if i == n - 10:
            m.shared = 6
        if i == n - 5:
            m.method = lambda x: -x
    return s, len(log)


print(stores(1500))
log.clear()


class Base:
    def __new__(cls, *args):
        log.append(cls.__name__)
        return super().__new__(cls)

    def __init__(self, x):
        super().__init__()
        self.x = x

    def name(self):
        return "base"

    @classmethod
    def make(cls, x):
        return cls(x)

    @staticmethod
    def helper(x):
        return x + 1


class Derived(Base):
    def __init__(self, x):
        super().__init__(x)
        self.y = super().helper(x)

    def name(self):
        return "derived " + super().name()

    @classmethod
    def make(cls, x):
        return super().make(x + 1)


class Leaf(Derived):
    pass


def supers(n):
    s = 0
    for i in range(n):
        kind = Derived if i % 3 else Leaf
        d = kind.make(i)
        s += d.x + d.y + len(d.name())
    return s


print(supers(1500), len(log))
log.clear()


class Manager:
    def __init__(self, swallow):
        self.swallow = swallow

    def __enter__(self):
        log.append("enter")
        return self

    def __exit__(self, kind, value, tb):
        log.append(kind and kind.__name__)
        return self.swallow


def withs(n):
    quiet, loud = Manager(True), Manager(False)
    s = 0
    for i in range(n):
        with quiet as q:
            s += q.swallow
            if i % 100 == 99:
                raise KeyError(i)
        try:
            with loud:
                s += i
                if i == n - 1:
                    raise IndexError(i)
        except IndexError as e:
            s += e.args[0]
    return s


print(withs(1000), len(log), log.count("KeyError"), log.count("IndexError"))
log.clear()


class Changing:
    @property
    def p(self):
        return 1


def changing(n):
    c = Changing()
    s = 0
    for i in range(n):
        s += c.p
        if i == 700:
            Changing.p = property(lambda self: 2)
        if i == 900:
            del Changing.p
            c.p = 3
    return s


print(changing(1200))


class Seen:
    @property
    def caller(self):
        f = sys._getframe(1)
        return f.f_code.co_name, f.f_lineno, f.f_locals["i"]


def seen(n):
    o = Seen()
    for i in range(n):
        r = o.caller
    return r


print(seen(500))


def deleting(n):
    o = Many()
    s = 0
    for i in range(n):
        o.a = i
        s += o.a
        del o.a
        try:
            del o.nothing
        except AttributeError:
            s += 1
    return s


print(deleting(500))
