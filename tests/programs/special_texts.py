# native: yes
# references: differ
"""f-strings of objects whose __format__, __str__ or __repr__ is written in Python: what they get, may return, see and raise; who
dies when; and dataclasses, whose __init__ sets attributes that the class has, too."""

import sys
import traceback
from dataclasses import dataclass

log = []


class Text(str):
    pass


class Format:
    def __init__(self, x):
        self.x = x

    def __format__(self, spec):
        return f"<{self.x}:{spec}>"

    __repr__ = lambda self: "a format"


class Str:
    def __init__(self, x):
        self.x = x

    def __str__(self):
        return f"str {self.x}"

    __repr__ = lambda self: "a str"


class Repr:
    def __init__(self, x):
        self.x = x

    def __repr__(self):
        return f"repr {self.x}"


class Both(Repr, Str):
    pass


class Special(Text):
    def __format__(self, spec):
        return Text("special" + spec)

    def __str__(self):
        return Text("text")


class Number(int):
    def __str__(self):
        return "number"

    def __repr__(self):
        return Text("a number")


class Error(ValueError):
    def __str__(self):
        return "error"


class Plain:
    def __repr__(self):
        return "plain"

    __str__ = object.__str__
    __format__ = object.__format__


class Static:
    @staticmethod
    def __format__(spec="none"):
        return f"static {spec!r}"

    __str__ = __repr__ = staticmethod(lambda: "static")


def everything(n):
    objects = [Format(1), Str(2), Repr(3), Both(4), Special("s"), Number(5), Error(6), Plain(), Static(), Str, 7, "8", Text(9)]
    s = 0
    out = []
    for i in range(n):
        f, t, r, b = Format(i), Str(i), Repr(i), Both(i)
        s += len(f"{f}{f:>{i}}{t}{t!s}{t!s:>20}{r}{r!r}{r!s}{b}{b!r}{b!s:x<30}")
        out = [f"{o} {o!s} {o!r} {o!a}" for o in objects]
        out += [f"{o:}" for o in objects] + [f"{o!s:>{i % 9}}" for o in objects]
        s += len(out[i % 20])
    return s, out


print(*everything(500))


class Odd:
    def __init__(self, answer):
        self.answer = answer

    def __format__(self, spec):
        return self.answer

    __repr__ = lambda self: "odd"


class OddStr(Odd):
    __format__ = object.__format__

    def __str__(self):
        return self.answer


class OddRepr(OddStr):
    __str__ = object.__str__

    def __repr__(self):
        return self.answer


class Raises:
    def __format__(self, spec):
        return spec[0]

    def __str__(self):
        raise KeyError("str")

    def __repr__(self):
        return self.missing


class Wrong:
    def __format__(self):
        pass

    def __str__(self, more):
        pass

    def __repr__():
        pass


def wrongly(n):
    answers = ["text", Text("text"), b"bytes", None, 5, NotImplemented, ["list"]]
    out = []
    for i in range(n):
        out.clear()
        for make in Odd, OddStr, OddRepr, lambda answer: Raises(), lambda answer: Wrong():
            for answer in answers:
                o = make(answer)
                for kind in range(5):
                    try:
                        match kind:
                            case 0: r = f"{o}"
                            case 1: r = f"{o:>5}"
                            case 2: r = f"{o!s}"
                            case 3: r = f"{o!r}"
                            case 4: r = f"{o!r:>8}{o}"
                        r = type(r).__name__, r
                    except (TypeError, KeyError, IndexError, AttributeError) as e:
                        r = str(e), [f.lineno - start for f in traceback.extract_tb(e.__traceback__)]
                    out.append(r)
    return out


start = sys._getframe().f_lineno
for line in wrongly(40):
    print(line)


class Mortal:
    def __init__(self, name):
        self.name = name

    def __format__(self, spec):
        self = None
        log.append(("in", sys._getframe(1).f_lineno - start))
        return Text("formatted")

    def __repr__(self):
        self = None
        log.append("repr")
        return Text("a repr")

    def __del__(self):
        log.append((self.name, sys._getframe(1).f_code.co_name))


def dying(n):
    for i in range(n):
        log.clear()
        f"{Mortal('one')}{Mortal('two'):>5}{Mortal('three')!r}"
        log.append(f"{Mortal('four')!s}")


start = sys._getframe().f_lineno
dying(400)
print(log)
log.clear()


class Deep:
    depth = 0

    def __init__(self, n):
        self.n = n

    def __format__(self, spec):
        Deep.depth += 1
        return f"{Deep(self.n - 1):{spec}}" if self.n else "end"

    def __str__(self):
        Deep.depth += 1
        return f"{Deep(self.n - 1)!s}" if self.n else "end"

    def __repr__(self):
        Deep.depth += 1
        return f"{Deep(self.n - 1)!r}" if self.n else "end"


def recursion():
    for _ in range(5):
        print(f"{Deep(300)} {Deep(300)!s} {Deep(300)!r}")
    for _ in range(3):
        for kind in range(3):
            Deep.depth = 0
            try:
                match kind:
                    case 0: f"{Deep(-1):x}"
                    case 1: f"{Deep(-1)!s}"
                    case 2: f"{Deep(-1)!r}"
            except RecursionError as e:
                print(kind, e, len(traceback.extract_tb(e.__traceback__)), Deep.depth)


recursion()


class Traced:
    def __format__(self, spec):
        if switch:
            sys.settrace(tracer)
            sys._getframe(1).f_trace = tracer
        return "x"

    def __str__(self):
        return self.__format__("")


def tracer(frame, event, arg):
    events.append((event, frame.f_code.co_name, frame.f_lineno - start))
    return tracer


def traced(n, what):
    global switch
    t = Traced()
    for i in range(n):
        switch = i == n - 3
        if what == 0:
            f"{t}"
        elif what == 1:
            f"{t:5}"
        else:
            f"{t!s}"
        i += 1
    sys.settrace(None)


start = sys._getframe().f_lineno
for what in range(3):
    events = []
    traced(300, what)
    print(what, events)


def replaced(n):
    class C:
        def __format__(self, spec):
            if self.i % 70 == 69:
                del C.__format__
            return "format"

        def __str__(self):
            if self.i % 90 == 89:
                C.__str__ = lambda self: "other"
            return "str"

    c = C()
    out = []
    for i in range(n):
        c.i = i
        out.append(f"{c}")
        if i % 100 == 99:
            C.__format__ = lambda self, spec: spec + "again"
    return out


print(replaced(400))


def generator(n):
    f, t = Format(1), Str(2)
    for i in range(n):
        yield f"{f:{i % 3}}"
        yield f"{t}{t!s}"


print(sum(map(len, generator(800))))


@dataclass
class Item:
    name: str
    price: float = 1.5
    count: int = 0
    tags: list = None

    def total(self):
        return self.price * self.count


@dataclass
class More(Item):
    extra: object = None


def dataclasses(n):
    s = 0
    for i in range(n):
        a = Item(name="a", count=i)
        b = Item("b", 2.0, count=i)
        c = More(name="c", price=0.5, extra=a)
        s += a.total() + b.total() + c.extra.count
        if i % 90 == 89:
            Item.count = property(lambda self: 3, lambda self, value: log.append(value)) if i % 180 == 89 else 0
        if i == n - 40:
            Item.price = 2.5
            del a.price
            s += a.price
    return s, a, b, c, len(log), vars(a)


print(dataclasses(700))
