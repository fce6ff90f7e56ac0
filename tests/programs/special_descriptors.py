# native: yes
# references: differ
"""Attributes that methods written in Python get, set and delete: properties, other descriptors (of data or not), __delattr__ and
__getattribute__; raising, dying, recursive, traced, replaced while they run, called wrongly, below dicts and slots."""

import sys
import traceback

log = []


class Data:
    def __set_name__(self, owner, name):
        self.key = "_" + name

    def __get__(self, instance, owner):
        return self if instance is None else instance.__dict__.get(self.key, 0)

    def __set__(self, instance, value):
        instance.__dict__[self.key] = value

    def __delete__(self, instance):
        instance.__dict__.pop(self.key, None)


class Lazy:
    def __init__(self, make):
        self.make = make

    def __get__(self, instance, owner):
        return self.make(instance, owner)


class SetOnly:
    def __set__(self, instance, value):
        instance.__dict__["only"] = value + 1


class All:
    count = 0
    data = Data()
    lazy = Lazy(lambda instance, owner: (instance.count, owner.__name__))
    function = Lazy(lambda instance, owner: lambda x: x + instance.count)
    only = SetOnly()

    @property
    def value(self):
        return self.count

    @value.setter
    def value(self, v):
        self.count = v

    @value.deleter
    def value(self):
        del self.count

    @property
    def method(self):
        return lambda x: x + self.count


class Slots:
    __slots__ = ("a",)
    lazy = Lazy(lambda instance, owner: instance.a)
    data = property(lambda self: self.a, lambda self, v: setattr(self, "a", v * 2), lambda self: setattr(self, "a", -1))


class Below(All):
    pass


class Watches:
    def __delattr__(self, name):
        log.append(("del", name))
        return 5


class Every:
    def __init__(self):
        object.__setattr__(self, "inner", 7)

    def __getattribute__(self, name):
        if name == "called":
            return lambda x: x
        return (name, object.__getattribute__(self, "inner"))


def everything(n):
    objects = [All(), Below(), All()]
    objects[2].__dict__["lazy"] = ("own", "lazy")
    slots, watches, every = Slots(), Watches(), Every()
    s = 0
    for i in range(n):
        for x in objects:
            x.value = i
            s += x.value + x.method(i) + x.function(i)
            x.data = i
            x.data += 1
            s += x.data
            del x.data
            s += x.data + len(x.lazy[1])
            x.only = i
            s += x.only
            x.value += 2
            s += x.count
            del x.value
            s += x.count
        slots.data = i
        s += slots.data + slots.lazy
        del slots.data
        s += slots.a
        del watches.anything
        s += every.attribute[1] + every.called(i) + len(every.inner[0])
    return s, len(log)


print(everything(900))
log.clear()


class Wrong:
    few = property(lambda: 1, lambda self: 1, lambda: 1)
    many = property(lambda a, b, *, c: 1, lambda self, v, w: 1, lambda a, b: 1)
    defaults = property(lambda a, b=2: b, lambda self, v, w=3: log.append(w), lambda a, *b: log.append(b))
    none = property()
    read = property(lambda self: 1)
    generates = property(lambda self: (yield 5), lambda self, v: (yield v))

    class Few:
        def __get__(self):
            pass

        def __set__(self, instance):
            pass

        def __delete__(self):
            pass

    class Static:
        @staticmethod
        def __get__(instance, owner):
            return "static"

    class Instance:
        __get__ = lambda *args: len(args)
        __set__ = print

    few_data, static, instance, set_only = Few(), Static(), Instance(), SetOnly()


def wrongly(n):
    w = Wrong()
    out = []
    for i in range(n):
        out.clear()
        for kind in range(10):
            for what in "get", "set", "del", "call":
                try:
                    if what == "get":
                        match kind:
                            case 0: r = w.few
                            case 1: r = w.many
                            case 2: r = w.defaults
                            case 3: r = w.none
                            case 4: r = w.read
                            case 5: r = list(w.generates)
                            case 6: r = w.few_data
                            case 7: r = w.static
                            case 8: r = w.instance
                            case 9: r = w.set_only
                    elif what == "set":
                        r = None
                        match kind:
                            case 0: w.few = i
                            case 1: w.many = i
                            case 2: w.defaults = i
                            case 3: w.none = i
                            case 4: w.read = i
                            case 5: w.generates = i
                            case 6: w.few_data = i
                            case 7: w.static = "own"
                            case 9: w.set_only = i
                    elif what == "del":
                        r = None
                        match kind:
                            case 0: del w.few
                            case 1: del w.many
                            case 2: del w.defaults
                            case 3: del w.none
                            case 4: del w.read
                            case 5: del w.generates
                            case 6: del w.few_data
                            case 7: del w.static
                            case 9: del w.set_only
                    else:
                        match kind:
                            case 0: r = w.few()
                            case 1: r = w.many()
                            case 2: r = w.defaults()
                            case 6: r = w.few_data()
                            case 7: r = w.static()
                            case 8: r = w.instance()
                except (TypeError, AttributeError) as e:
                    r = type(e).__name__, str(e), [f.lineno - start for f in traceback.extract_tb(e.__traceback__)]
                out.append(r)
    return out


start = sys._getframe().f_lineno
for line in wrongly(80):
    print(line)
print(log)
log.clear()


class Failing:
    def fails(self, *args):
        if len(log) % 7 == 3:
            raise (AttributeError if len(log) % 2 else KeyError)(len(log))

    x = property(fails, fails, fails)

    class Descriptor:
        def __get__(self, instance, owner):
            instance.fails()

        def __set__(self, instance, value):
            instance.fails()

        def __delete__(self, instance):
            instance.fails()

    d = Descriptor()
    lazy = Lazy(lambda instance, owner: instance.fails())


class FailingAsks(Failing):
    def __getattr__(self, name):
        return "asked"


def failing(n):
    out = []
    for i in range(n):
        o = FailingAsks() if i % 5 == 0 else Failing()
        out.clear()
        for step in range(14):
            log.append(step)
            try:
                o.x
                log.append(1)
                o.x = 5
                del o.x
                log.append(1)
                o.d = 5
                o.d
                log.append(1)
                del o.d
                o.lazy
            except (AttributeError, KeyError) as e:
                lines = [f.lineno - start for f in traceback.extract_tb(e.__traceback__)]
                out.append((type(e).__name__, e.args, lines, getattr(e, "name", 0), e.__context__))
        log.clear()
    return out


start = sys._getframe().f_lineno
for line in failing(400):
    print(line)


class Mortal:
    def __init__(self, name):
        self.name = name

    def dies(self, *args):
        self = args = None
        log.append(("in", sys._getframe(1).f_lineno - start))
        return "result"

    def __del__(self):
        log.append((self.name, sys._getframe(1).f_code.co_name))

    x = property(dies, dies, dies)

    class Descriptor:
        def __get__(self, instance, owner):
            instance = owner = None
            log.append("get")
            return Mortal("got")

        def __set__(self, instance, value):
            instance = None
            log.append("set")
            value = None
            log.append("end")

        def __delete__(self, instance):
            instance = None
            log.append("delete")

    d = Descriptor()
    lazy = Lazy(lambda instance, owner: Mortal("lazy"))


def dying(n):
    for i in range(n):
        log.clear()
        Mortal("setting").x = Mortal("value")
        Mortal("getting").x
        del Mortal("deleting").x
        Mortal("descriptor").d = Mortal("value of descriptor")
        Mortal("descriptor got").d.name
        del Mortal("descriptor deleted").d
        Mortal("lazily").lazy.d


start = sys._getframe().f_lineno
dying(500)
print(log)
log.clear()


class Looks:
    def look(self, value=None):
        f = sys._getframe(1)
        f.f_locals["seen"] = f.f_lineno - start
        return sys.getrefcount(self), value and sys.getrefcount(value)

    def set(self, value):
        self.found = self.look(value), sys._getframe(1).f_code.co_name, traceback.extract_stack(limit=2)[0].lineno - start

    x = property(look, set)
    d = Data()


def looking(n):
    a, v = Looks(), [5]
    b, w = [a], [v]
    for i in range(n):
        seen = None
        a.x = v
        out = [a.found, a.x, seen]
        b[0].x = w[0]
        out += [seen, b[0].x, a.found]
        Looks().x = [1]
    return out


start = sys._getframe().f_lineno
print(looking(400))


class Deep:
    depth = 0

    @property
    def x(self):
        return 0

    @x.setter
    def x(self, n):
        if n:
            self.x = n - 1

    @x.deleter
    def x(self):
        Deep.depth += 1
        del self.x

    def __delattr__(self, name):
        Deep.depth += 1
        if Deep.depth % 2:
            delattr(self, name) if Deep.depth < 9 else None
        else:
            del self.y

    class Descriptor:
        def __get__(self, instance, owner):
            Deep.depth += 1
            return instance.d

        def __set__(self, instance, value):
            Deep.depth += 1
            instance.d = value

    d = Descriptor()


class Deeper(Deep):
    __delattr__ = object.__delattr__


class Deepest:
    def __getattribute__(self, name):
        Deep.depth += 1
        return self.x


def recursion():
    for _ in range(6):
        Deep().x = 700
    for _ in range(4):
        for what in range(5):
            Deep.depth = 0
            try:
                match what:
                    case 0: del Deeper().x
                    case 1: Deep().d
                    case 2: Deep().d = 1
                    case 3: Deepest().y
                    case 4: del Deep().z
            except RecursionError as e:
                print(what, e, len(traceback.extract_tb(e.__traceback__)), Deep.depth)


recursion()


def replaced(n):
    class Descriptor:
        def __init__(self, k):
            self.k = k

        def __get__(self, instance, owner):
            if instance.turn % 50 == 49:
                del owner.d
                owner.d = Descriptor(self.k + 1)
            return self.k

    class Other:
        def __init__(self, k):
            self.k = k

        def __get__(self, instance, owner):
            return -self.k

    class C:
        turn = 0
        d = Descriptor(0)

        def set(self, v):
            if v % 60 == 59:
                del C.x
                C.x = property(None, lambda self, v: log.append(v), lambda self: C.again())
            log.append(-v)

        @classmethod
        def again(cls):
            cls.x = property(None, cls.set, lambda self: None)

        x = property(None, set, None)

    c, e = C(), C()
    out = []
    for i in range(n):
        c.turn = i
        out.append(c.d)
        c.x = i
        if i % 100 == 99:
            del c.x
        if i == n // 2:
            Descriptor.__set__ = lambda self, instance, value: log.append("set")
            c.__dict__["d"] = "own"
        if i == n // 2 + 20:
            del Descriptor.__set__
        if i == n // 2 + 40:
            del c.__dict__["d"]
        if i == n // 2 + 60:
            C.__dict__["d"].__class__ = Other
        if i == n // 2 + 80:
            Other.__get__ = lambda self, instance, owner: "another"
        if i == n // 2 + 100:
            del Other.__get__
        if i == n // 2 + 110:
            out[-1] = type(out[-1]).__name__
            C.d = 5
    return [x if isinstance(x, (int, str)) else type(x).__name__ for x in out], log


print(*replaced(800))
log.clear()


class Traced:
    def on(self, *args):
        if switch:
            sys.settrace(tracer)
            sys._getframe(1).f_trace = tracer
        return 0

    x = property(on, on, on)
    d = Lazy(on)


class TracedMore(Traced):
    def __delattr__(self, name):
        object.__getattribute__(self, "on")()

    def __getattribute__(self, name):
        object.__getattribute__(self, "on")()
        return 5


def tracer(frame, event, arg):
    events.append((event, frame.f_code.co_name, frame.f_lineno - start))
    return tracer


def traced(n, what):
    global switch
    a, b = Traced(), TracedMore()
    for i in range(n):
        switch = i == n - 3
        if what == 0:
            a.x = 1
        elif what == 1:
            a.x
        elif what == 2:
            del a.x
        elif what == 3:
            a.d
        elif what == 4:
            del b.y
        else:
            b.z
        i += 1
    sys.settrace(None)


start = sys._getframe().f_lineno
for what in range(6):
    events = []
    traced(400, what)
    print(what, events)


def generator(n):
    a = All()
    for i in range(n):
        a.value = i
        yield a.lazy[0]
        a.data = i
        yield a.data
        del a.data
        yield a.method(1)


print(sum(generator(900)))


class Meta(type):
    x = property(lambda cls: cls.__name__, lambda cls, v: log.append(v), lambda cls: log.append("deleted"))
    lazy = Lazy(lambda cls, owner: (cls.__name__, owner.__name__))


class OfMeta(metaclass=Meta):
    data = Data()
    own = Lazy(lambda instance, owner: (instance, owner.__name__))


def of_classes(n):
    for i in range(n):
        OfMeta.x = i
        out = OfMeta.x, OfMeta.lazy, OfMeta.own, type(OfMeta.data).__name__
        del OfMeta.x
    return out, len(log)


print(of_classes(500))
