# native: yes
"""What C code holds while it calls Python: an instance's arguments in a tuple, a dict and an array, an object that is
formatted in a bound method. The counts in the callee's frame, and what is left when it returns or raises."""

import gc
from sys import getrefcount

ROUNDS = 4000
EARLY = 60  # until CPython has specialized


class Seen:
    def __init__(self):
        self.counts = {}
        self.round = 0

    def add(self, name, *counts):
        if self.round > EARLY:
            at = self.counts.setdefault(name, {})
            at[counts] = at.get(counts, 0) + 1


seen = Seen()


class Thing:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        gone.append(self.name)


gone = []
EMPTY = {}


class Plain:
    def __call__(self, a, b=None):
        seen.add("plain", getrefcount(self), getrefcount(a), getrefcount(b) if b is not None else 0)
        return a


class Star:
    def __call__(self, *args, **names):
        seen.add(
            "star", getrefcount(self), *map(getrefcount, args), *map(getrefcount, names.values())
        )
        return len(args) + len(names)


class Drops:
    """Its frame gives up its references; the caller's remain."""

    def __call__(self, a, b):
        count = getrefcount(a), getrefcount(b)
        a = b
        del b
        seen.add("drops", *count, getrefcount(a))
        return 1


class Adds:
    """Small enough to be followed without a call."""

    def __init__(self):
        self.n = 0

    def __call__(self, a, b):
        self.n += 1
        if a is b:
            self.n += 2
        return self.n


class Nested:
    def __init__(self, inner):
        self.inner = inner

    def __call__(self, a):
        seen.add("nested", getrefcount(self), getrefcount(a))
        return self.inner(a, b=a)


class Fails:
    def __call__(self, a, *, when=False):
        seen.add("fails", getrefcount(self), getrefcount(a))
        return EMPTY["no"] if seen.round % 3 == 0 else a

    def __format__(self, spec):
        seen.add("fails in format" + spec, getrefcount(self))
        if seen.round % 3 == 0:
            return EMPTY[spec]
        return 1 if seen.round % 3 == 1 else "f"


class Generates:
    def __call__(self, a):
        seen.add("generates", getrefcount(self), getrefcount(a))
        yield a
        seen.add("resumed", getrefcount(self), getrefcount(a))
        yield a


class Recurs:
    def __call__(self, a, n):
        seen.add(f"recurs {n}", getrefcount(self), getrefcount(a))
        return self(a, n - 1) if n else a


class Text:
    def __format__(self, spec):
        seen.add("format" + spec, getrefcount(self))
        return "t"


class Str:
    def __str__(self):
        seen.add("str", getrefcount(self))
        return "s"

    def __repr__(self):
        seen.add("repr", getrefcount(self))
        return "r"


class Meta(type):
    def __call__(cls, a, **names):
        seen.add("meta", getrefcount(a), *map(getrefcount, names.values()))
        return a


class Made(metaclass=Meta):
    pass


class Holder:
    called = Plain()


def positions(things):
    plain, drops, a, b = Plain(), Drops(), *things
    holder = Holder()
    for seen.round in range(ROUNDS):
        plain(a)
        plain(a, b)
        plain(a, a)
        drops(a, b)
        holder.called(a, b)
        plain(*(a, b))


def keywords(things):
    plain, a, b = Plain(), *things
    holder = Holder()
    for seen.round in range(ROUNDS):
        plain(a, b=b)
        plain(a=a, b=a)
        holder.called(a, b=b)


def by_dict(things):
    plain, a, b = Plain(), *things
    names = {"b": b}
    for seen.round in range(ROUNDS):
        plain(*(a,), **names)
        plain(**names, a=a)


def stars(things):
    star, a, b = Star(), *things
    names = {"b": b}
    for seen.round in range(ROUNDS):
        star(a, b)
        star()
        star(*things)
        star(a, k=b)
        star(k=a, l=b)
        star(a, **names)


def kinds(things):
    """Arguments of changing types, numbers among them."""
    adds, a, b = Adds(), *things
    values = [a, b, "text", None, (a,), [b]]
    total = 0
    for seen.round in range(ROUNDS):
        value = values[seen.round * 7 // 40 % len(values)]
        total += adds(value, a) + adds(b, value) + adds(a, b=value)
        total += adds(seen.round, a) + adds(a, seen.round * 0.5) + adds(a=seen.round, b=a)
    print(total)


def nests(things):
    nested, generates, recurs, a, b = Nested(Plain()), Generates(), Recurs(), *things
    for seen.round in range(ROUNDS):
        nested(a)
        for x in generates(b):
            pass
        recurs(a, 3)


def in_generator(things):
    plain, text, a, b = Plain(), Text(), *things
    for seen.round in range(ROUNDS):
        yield plain(a, b=b), f"{text:g}"


def failing(things):
    fails, a, b = Fails(), *things
    caught = 0
    for seen.round in range(ROUNDS):
        try:
            fails(a)
        except KeyError:
            caught += 1
        try:
            fails(b, when=a)
        except KeyError:
            caught += 1
        try:
            f"{fails}"
        except KeyError, TypeError:
            caught += 1
        try:
            f"{fails:spec}"
        except KeyError, TypeError:
            caught += 1
    print("caught", caught, getrefcount(fails))


def texts(things):
    text, of_str = Text(), Str()
    for seen.round in range(ROUNDS):
        f"{text}{text:a}{of_str}{of_str!s}{of_str!r}"
    print("texts", getrefcount(text), getrefcount(of_str))


def classes(things):
    a, b = things
    for seen.round in range(ROUNDS):
        Made(a)
        Made(a, k=b)
        Made(*(b,))


def temporaries(things):
    """The operands are all that holds the arguments."""
    adds, drops = Adds(), Drops()
    gone.clear()
    for seen.round in range(ROUNDS):
        adds(Thing(f"a{seen.round}"), Thing(f"b{seen.round}"))
        gone.append("|")
        adds(Thing(f"c{seen.round}"), b=Thing(f"d{seen.round}"))
        gone.append("|")
        drops(Thing(f"e{seen.round}"), Thing(f"f{seen.round}"))
        gone.append("|")
        drops(Thing(f"g{seen.round}"), b=Thing(f"h{seen.round}"))
    print("deaths", len(gone), gone[:15], gone[-15:])


def lengths(things):
    """`len` waits in the same instruction, and C code holds nothing then."""

    class Sized:
        def __len__(self):
            seen.add("len", getrefcount(self))
            if seen.round % 5 == 0:
                return EMPTY[1]
            return 3

    sized, total = Sized(), 0
    for seen.round in range(ROUNDS):
        try:
            total += len(sized)
        except KeyError:
            total += 1
    print("len", total, getrefcount(sized))


def main():
    gc.disable()
    things = Thing("a"), Thing("b")
    before = [getrefcount(x) for x in things]
    of_generator = lambda things: sum(1 for _ in in_generator(things))  # noqa: E731
    for scenario in (
        *(
            positions,
            keywords,
            by_dict,
            stars,
            kinds,
            nests,
            failing,
            texts,
            classes,
            temporaries,
            lengths,
        ),
        of_generator,
    ):
        seen.counts.clear()
        scenario(things)
        print(scenario.__name__)
        for name, counts in sorted(seen.counts.items()):
            print("   ", name, sorted(counts.items()))
        print("   left", [getrefcount(x) - n for x, n in zip(things, before, strict=True)])


main()
