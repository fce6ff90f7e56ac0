# What generated programs work with: this text stands at the head of each of them.
import sys

nan, inf = float("nan"), float("inf")
LOG = []
# How often a Mortal died, by which died before, its class and its killer's line: LOG gets full.
DEATHS = {}
LAST_DEAD = ["nobody"]
scale = 2
flip = False


def note(*what):
    if len(LOG) < 400:
        LOG.append(what)


class Int(int):
    """A subclass whose operators have effects."""

    def __add__(self, other):
        note("Int.__add__", type(other).__name__)
        return int(self) + other

    def __radd__(self, other):
        return Int(other + int(self))


class Float(float):
    pass


class Text(str):
    def __eq__(self, other):
        return NotImplemented if flip else str.__eq__(self, other)

    __hash__ = str.__hash__


class Items(list):
    def __getitem__(self, index):
        note("Items[]")
        return list.__getitem__(self, index)


class Number:
    """Operators that refuse, compute, or count what they are asked."""

    asked = 0

    def __init__(self, value):
        self.value = value

    def __repr__(self):
        return f"Number({self.value!r})"

    def __add__(self, other):
        Number.asked += 1
        if Number.asked % 7 == 0:
            return NotImplemented
        return self.value + other

    def __radd__(self, other):
        return other + self.value

    def __mul__(self, other):
        return NotImplemented

    def __rmul__(self, other):
        return Number(other)

    def __iadd__(self, other):
        if not isinstance(other, (int, float)):
            return NotImplemented
        self.value = bound(self.value + other)
        return self

    def __lt__(self, other):
        note("Number <")
        return self.value < other

    def __eq__(self, other):
        return self.value == other if Number.asked % 2 else NotImplemented

    __hash__ = None

    def __bool__(self):
        if self.value == 13:
            raise ValueError("thirteen is neither")
        return self.value != 0

    def __index__(self):
        return 1


class Noisy:
    """Says when it dies, and sometimes what its killer's caller has."""

    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"Noisy({self.name!r})"

    def __del__(self):
        if note is not None:  # The interpreter ends.
            killer = sys._getframe().f_back
            note("del", self.name, killer and killer.f_lineno)

    def __add__(self, other):
        return Noisy((self.name, 1) if len(str(self.name)) < 20 else 0)


class Mortal(Noisy):
    """An operand that is made for one operation, which is a method of it, and dies there."""

    def __del__(self):
        if note is not None:
            kind, killer = type(self).__name__, sys._getframe().f_back
            note("del", kind, self.name, killer and killer.f_lineno)
            death = (LAST_DEAD[0], kind, killer and killer.f_lineno)
            DEATHS[death] = DEATHS.get(death, 0) + 1
            LAST_DEAD[0] = kind

    def answer(self, other):
        """Mostly a bool; now and then an exception, an object that dies, or the other operand."""
        n = self.name if type(self.name) is int else 0
        if n % 64 == 50:
            raise KeyError(n)
        if n % 16 == 5:
            return Noisy("answer")
        return other if n % 16 == 9 else n % 3 == 0

    def __lt__(self, other):
        return NotImplemented if self.name == 7 else self.answer(other)

    def __eq__(self, other):
        return NotImplemented if self.name == 6 else self.answer(other)

    __hash__ = None


class Key(Mortal):
    def __ge__(self, other):
        return self.answer(other)


class Holder(Mortal):
    def __contains__(self, item):
        return self.answer(item)

    def __getitem__(self, key):
        return self.answer(key)

    def __setitem__(self, key, value):
        self.name = self.answer(value) and 1

    def __delitem__(self, key):
        self.answer(key)


class Base:
    weight = 3

    def __init__(self, p=0, q=1):
        self.p = p
        self.q = q

    def __repr__(self):
        return type(self).__name__

    def get(self, k):
        return self.p + k * self.weight

    def put(self, v):
        if v == 13:
            raise ValueError("thirteen")
        self.p = v
        return self

    @property
    def both(self):
        return self.p, self.q

    @staticmethod
    def twice(v):
        return v + v

    @classmethod
    def heavier(cls, by=1):
        cls.weight = cls.weight + by if cls.weight < 9 else 0.25
        return cls.weight

    def __len__(self):
        return 2

    def __getitem__(self, index):
        if index > 3 or index < -3:
            raise IndexError("Base")
        return self.p

    def __contains__(self, item):
        return item == self.q

    def __call__(self, *args, **names):
        return len(args) - len(names)


class Derived(Base):
    weight = 0.5

    def get(self, k):
        return super().get(k) - 1

    def __getattr__(self, name):
        if name == "ghost":
            return 42
        raise AttributeError(name)


class Slotted:
    __slots__ = ("p", "q")
    weight = 1

    def __init__(self, p=7, q=0):
        self.p, self.q = p, q

    def __repr__(self):
        return "Slotted"

    def get(self, k):
        return k if self.p is None else self.p

    def put(self, v):
        self.p = v
        return self

    @property
    def both(self):
        return self.q, self.p

    def __call__(self, *args, **names):
        return args[:1]


class Stepper:
    """An iterator in Python."""

    def __init__(self, limit):
        self.at, self.limit = 0, limit

    def __iter__(self):
        return self

    def __next__(self):
        if self.at >= self.limit:
            raise StopIteration
        self.at += 1
        return self.at


class Guard:
    """A context manager that swallows arithmetic errors when told to."""

    def __init__(self, swallow):
        self.swallow = swallow

    def __enter__(self):
        note("enter")
        return self

    def __exit__(self, kind, value, trace):
        note("exit", kind and kind.__name__)
        return self.swallow and kind is not None and issubclass(kind, ArithmeticError)


def counter(start):
    value = start

    def step(by=1):
        nonlocal value
        value = (value + by) % 10007 if type(by) is int else by
        return value

    return step


def count_up(limit):
    k = 0
    try:
        while k < limit:
            got = yield k
            k += 1 if got is None else got
    except ValueError as error:
        yield str(error)
    finally:
        note("count_up ends", k)


def chain(limit):
    total = yield from count_up(limit)
    yield total


async def waits(limit):
    total = 0
    for k in range(limit):
        total += await Ready(k)
    return total


class Ready:
    def __init__(self, value):
        self.value = value

    def __await__(self):
        got = yield self.value
        return got or 1


def plain(u, v=2, *rest, key=0, **names):
    return u * v - len(rest) + key + len(names) if u is not v else scale


def even(n):
    return True if n <= 0 else odd(n - 1)


def odd(n):
    return False if n <= 0 else even(n - 1)


def fall(n, u):
    if n <= 0:
        return u / (u - u)
    return fall(n - 1, u) + 1


def risky(u):
    if u % 11 == 3:
        raise KeyError(u)
    return u % 7


def lenient(u):
    return u


def caught(u):
    try:
        return risky(u)
    except KeyError as error:
        return -error.args[0]
    finally:
        note("caught") if u % 50 == 0 else None


def bound(v):
    """Keeps numbers from growing without limit."""
    if isinstance(v, (int, float)):
        return v if -(1 << 200) < v < 1 << 200 or v != v else 11
    return v[:30] if isinstance(v, (str, list, tuple)) and len(v) > 30 else v


def whole(v):
    """An int that is good for shifts and masks."""
    if isinstance(v, float) and (v != v or v in (inf, -inf)):
        return 5
    return int(v) & ((1 << 80) - 1) if isinstance(v, (int, float)) else 3


def show(v, depth=0):
    """A representation without addresses."""
    if depth > 4:
        return "..."
    if isinstance(v, (list, tuple)):
        return [type(v).__name__, *(show(w, depth + 1) for w in v)]
    if isinstance(v, dict):
        return [(show(k, depth + 1), show(w, depth + 1)) for k, w in v.items()]
    if isinstance(v, (int, float, str, type(None), Number, Noisy, Base, Slotted)):
        return type(v).__name__ + repr(v)
    return type(v).__name__


def caller_with(name):
    frame = sys._getframe(2)
    while frame is not None and name not in frame.f_locals:
        frame = frame.f_back
    return frame


def peek(name):
    frame = caller_with(name)
    note("peek", frame and (frame.f_lineno, show(frame.f_locals[name])))
    return 1


def poke(name, value):
    frame = caller_with(name)
    if frame is not None:
        frame.f_locals[name] = value
    return 1


def opaque(function, *args):
    """A call through C code, which no trace sees through."""
    return sorted((0,), key=lambda _: function(*args) and 0) and args[-1]


def tracer(frame, event, argument):
    if frame.f_code.co_filename == __file__:
        note(event, frame.f_code.co_name, frame.f_lineno)
    return tracer


def profiler(frame, event, argument):
    if frame.f_code.co_filename == __file__ and event in ("call", "return"):
        note(event, frame.f_code.co_name)


def trace(on):
    sys.settrace(tracer if on else None)
    frame = sys._getframe(1)
    while frame is not None:
        frame.f_trace = tracer if on else None
        frame = frame.f_back


def grow(o):
    if not isinstance(o, Slotted):
        o.extra = len(o.__dict__)


def shrink(o):
    if not isinstance(o, Slotted):
        o.__dict__.pop("extra", None)


def replace_dict(o):
    if not isinstance(o, Slotted):
        o.__dict__ = dict(o.__dict__)


def change_class(o):
    if not isinstance(o, Slotted):
        o.__class__ = Base if type(o) is Derived else Derived


def other_get(o):
    Derived.get = other if Derived.get is original else original


def own_get(o):
    if not isinstance(o, Slotted):
        if o.__dict__.pop("get", None) is None:
            o.get = lambda k: 4


def slot_gone(o):
    del o.q


def shadow_type(o):
    type(o).weight = scale


def other(self, k):
    return k


original = Derived.get
ACTIONS = (grow, shrink, replace_dict, change_class, other_get, own_get, shadow_type, slot_gone)


def act(o, k):
    ACTIONS[k % len(ACTIONS)](o)
    return k


def rescale(k=0):
    global scale
    scale = (3, 0.5, True, 1 << 62, 2)[k % 5]
    return 1


def flop():
    global flip
    flip = not flip


def rebind(name, value):
    globals()[name] = value


def unbind(name):
    globals().pop(name, None)


def deeper(k):
    return k if k % 3 else 1 + deeper(k + 1)


def swap_code(k):
    plain.__defaults__ = (k,)
    risky.__code__, lenient.__code__ = lenient.__code__, risky.__code__


def forget_deaths():
    DEATHS.clear()
    LAST_DEAD[0] = "nobody"


def print_deaths():
    for death, times in DEATHS.items():
        print("  ", *death, times)


def run(scenario, function, *args):
    """Runs a scenario and prints all that can be seen of it."""
    global scale, flip
    scale, flip = 2, False
    LOG.clear()
    forget_deaths()
    Number.asked = 0
    try:
        result = function(*args)
    except Exception as error:
        result = describe(error)
    sys.settrace(None)
    sys.setprofile(None)
    print(scenario, show(result))
    result = None
    Base.weight, Derived.weight, Slotted.weight, Derived.get = 3, 0.5, 1, original
    plain.__defaults__ = (2,)
    for name in ("len", "abs", "range", "isinstance", "int"):
        unbind(name)
    for entry in LOG:
        print("  ", *map(show, entry))
    print_deaths()


def describe(error, depth=0):
    where = []
    trace = error.__traceback__
    while trace is not None:
        where.append((trace.tb_frame.f_code.co_name, trace.tb_lineno))
        trace = trace.tb_next
    text = [type(error).__name__, str(error), *where[1:8], len(where)]
    for link in (error.__cause__, error.__context__):
        if link is not None and depth < 3:
            text.append(describe(link, depth + 1))
    return text
