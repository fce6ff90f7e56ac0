# Instances made in loops: __init__ inlined, raising, returning something, changed, seen from inside, with all arguments.
# native: yes
import sys


class Point:
    def __init__(self, x, y=2):
        self.x = x
        self.y = y


def points(n):
    total = 0
    for i in range(n):
        p = Point(i)
        q = Point(p.x, p.y + i)
        total += q.x + q.y
    return total


print(points(900))


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a, *rest, b=1):
        self.a = a + len(rest)
        self.b = b


def slotted(n):
    total = 0
    for i in range(n):
        s = Slotted(i, 1, 2)
        t = Slotted(s.a)
        total += t.a * 10 + t.b
    return total


print(slotted(700))


class Base:
    made = 0

    def __init__(self, n):
        Base.made += 1
        self.n = n


class Derived(Base):
    def __init__(self, n):
        super().__init__(n + 1)
        self.child = Point(n, self) if n % 3 == 0 else None


def derived(n):
    total = 0
    for i in range(n):
        d = Derived(i)
        total += d.n
        if d.child is not None:
            total += d.child.y.n
    return total, Base.made


print(derived(600))


class Picky:
    def __init__(self, n):
        if n % 50 == 49:
            raise ValueError("not %d" % n)
        self.n = n
        if n % 77 == 76:
            return 5


def picky(n):
    log = []
    total = 0
    for i in range(n):
        try:
            total += Picky(i).n
        except (ValueError, TypeError) as e:
            tb = e.__traceback__
            lines = []
            while tb:
                lines.append((tb.tb_frame.f_code.co_name, tb.tb_lineno - tb.tb_frame.f_code.co_firstlineno))
                tb = tb.tb_next
            log.append((str(e), lines))
    return total, len(log), log[0], log[-1], log[1]


print(picky(700))


class Seen:
    def __init__(self, n):
        self.n = n
        if n % 100 == 50:
            f = sys._getframe()
            shots.append((f.f_code.co_name, f.f_back.f_code.co_name, f.f_back.f_lineno - f.f_back.f_code.co_firstlineno))
            shots.append(sorted(f.f_locals))


shots = []


def seen(n):
    total = 0
    for i in range(n):
        s = Seen(i)
        total += s.n
    return total


print(seen(400), shots)


class Counted:
    alive = 0

    def __init__(self, n):
        Counted.alive += 1
        self.n = n

    def __del__(self):
        Counted.alive -= 1
        order.append(self.n)


order = []


def counted(n):
    high = 0
    c = None
    for i in range(n):
        c = Counted(i)
        Counted(-i)
        if Counted.alive > high:
            high = Counted.alive
    return high, Counted.alive


print(counted(400), len(order), order[:6], order[-1])


class Kept:
    all = []

    def __init__(self, n):
        self.n = n
        Kept.all.append(self)


def kept(n):
    for i in range(n):
        k = Kept(i)
    return len(Kept.all), Kept.all[-1] is k, sys.getrefcount(Kept.all[5])


print(kept(400))


class Changing:
    def __init__(self, n):
        self.n = n


def other_init(self, n):
    self.n = n * 100


def changing(n):
    total = 0
    for i in range(n):
        if i == n // 2:
            Changing.__init__ = other_init
        if i == n - 100:
            Changing.__new__ = lambda cls, n: object.__new__(Base)
        c = Changing(i)
        total += getattr(c, "n", 1)
    return total


print(changing(700))


class Switching:
    def __init__(self, n):
        if n == 350:
            Switching.__init__ = other_init
        self.n = n
        self.m = n


def switching(n):
    total = 0
    for i in range(n):
        total += Switching(i).n
    return total


print(switching(600))


def deep(n):
    class Node:
        def __init__(self, depth):
            self.next = Node(depth - 1) if depth else None

    total = 0
    for i in range(n):
        node = Node(i % 5)
        while node:
            total += 1
            node = node.next
    return total


print(deep(500))


def limit():
    """The recursion limit in the middle of making things."""

    def down(k):
        total = 0
        for i in range(3):
            total += Point(i).x
        return down(k + 1) + total

    try:
        down(0)
    except RecursionError as e:
        return str(e)[:32]


print([limit() for _ in range(3)])


class Locals:
    def __init__(self, n, look):
        before = n
        look()
        self.n = before


def write_back(n):
    def look():
        if i % 90 == 89:
            f = sys._getframe(1)
            f.f_locals["before"] = -1

    total = 0
    for i in range(n):
        total += Locals(i, look).n
    return total


print(write_back(500))


class Meta(type):
    def __call__(cls, *args):
        return super().__call__(*args)


class WithMeta(metaclass=Meta):
    def __init__(self, n):
        self.n = n


print(sum(WithMeta(i).n for i in range(300)))


class Ordered:
    def __init__(self, n):
        if n % 3 == 0:
            self.a = n
            self.b = n
        else:
            self.b = n
            self.a = n
        if n % 7 == 0:
            self.c = "x"
        if n % 5 == 0:
            del self.a
            self.a = -n


def ordered(n):
    """The order of attributes is that of their first stores."""
    seen = {}
    for i in range(n):
        o = Ordered(i)
        if i % 11 == 0:
            key = tuple(o.__dict__)
            seen[key] = seen.get(key, 0) + sum(v for v in o.__dict__.values() if type(v) is int)
        o.d = i
        o.b += 1
    return seen, vars(o)


print(ordered(900))


class Pair:
    def __init__(self, left, right):
        self.left = left
        self.right = right


def parts(n):
    """What dies with an instance: numbers it alone holds, a part held elsewhere, a part that is seen dying."""
    shared = [1, 2]
    refs = sys.getrefcount(shared)
    total = 0
    order.clear()
    for i in range(n):
        p = Pair(i * 1000, shared)
        x = p.left
        q = Pair(p, x)
        p = None
        y = q.left.left
        q = Pair(y + 0.5, None)
        total += x + y + q.left
        if i % 40 == 39:
            r = Pair(Counted(i), Counted(-i))
            r = None
            total += len(order)
        t = Pair(shared, shared)
        t = Pair(t, t)
        u = t.left
        t = None
        total += len(u.right)
        u = None
    return total, sys.getrefcount(shared) - refs, order[:4]


print(parts(600))


def weak(n):
    import weakref

    gone = []
    for i in range(n):
        p = Pair(i, None)
        if i % 100 == 50:
            w = weakref.ref(p, lambda r: gone.append(len(gone)))
        p = None
    return gone, w()


print(weak(500))


def reclassed(n):
    """An instance that takes another class, whose death is seen, before it dies."""

    class Other:
        def __del__(self):
            dead.append(self.left)

    def maybe(p, i):
        if i % 150 == 149:
            p.__class__ = Other

    dead = []
    for i in range(n):
        p = Pair(i, None)
        maybe(p, i)
        p = None
    return dead


print(reclassed(500))


def target_dies(n):
    """The instance stored to is gone at once, and what was stored with it."""
    order.clear()
    for i in range(n):
        Pair(i, i).left = Counted(i)
        if len(order) != i + 1:
            return "late", i
    return len(order)


print(target_dies(400))
