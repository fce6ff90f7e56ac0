# native: no
# Exception tables of any length: each place of a function with many handlers, nested ones too, raises and finds its own.
import traceback


class Manager:
    def __init__(self, name, log, swallows=False):
        self.name, self.log, self.swallows = name, log, swallows

    def __enter__(self):
        self.log.append(("enter", self.name))

    def __exit__(self, kind, error, trace):
        self.log.append(("exit", self.name, kind and kind.__name__, trace and trace.tb_lineno))
        return self.swallows


class Meta(type):
    """Raising asks these; handlers do not."""

    asked = 0

    def __instancecheck__(cls, instance):
        Meta.asked += 1
        return False

    def __subclasscheck__(cls, other):
        Meta.asked += 1
        return super().__subclasscheck__(other)


class Base(Exception, metaclass=Meta):
    pass


class Derived(Base):
    pass


PLACES = 40


def source(places, depth):
    """A function that raises at place `at`: there are `places` handlers side by side, each `depth` deep."""
    lines = ["def f(at, error, log):", " check(at, -1, error)"]
    for place in range(places):
        for level in range(depth):
            lines.append(" " * (level + 1) + "try:")
        pad = " " * (depth + 1)
        lines.append(f"{pad}check(at, {place}, error)")
        middle = f"with Manager({place}, log): check(at, {place + 0.5}, error)"
        lines.append(f"{pad}log.append({place})" if place % 3 else f"{pad}{middle}")
        for level in reversed(range(depth)):
            pad = " " * (level + 1)
            kind = ("KeyError", "(ValueError, Base)", "OSError", "Derived")[level % 4]
            told = f"({place}, {level}, type(caught).__name__, caught.__traceback__.tb_lineno)"
            lines.append(f"{pad}except {kind} as caught: log.append({told})")
            if level % 2:
                lines.append(f"{pad}finally: log.append(('finally', {place}, {level}))")
        lines.append(f" check(at, {place + 0.75}, error)")
    return "\n".join(lines)


def check(at, place, error):
    if at == place:
        raise error


def run(places, depth):
    namespace = {"check": check, "Manager": Manager, "Base": Base, "Derived": Derived}
    exec(compile(source(places, depth), f"<{places} {depth}>", "exec"), namespace)
    f = namespace["f"]
    results = []
    total = 0
    for error in (KeyError("k"), ValueError("v"), OSError("o"), Base("b"), Derived("d"), IndexError("i"), KeyboardInterrupt("c")):
        for place in range(-1, places):
            for at in (place, place + 0.5, place + 0.75):
                log = []
                error.__traceback__ = error.__context__ = None
                try:
                    f(at, error, log)
                except BaseException as caught:
                    lines = [line for _, line in traceback.walk_tb(caught.__traceback__)]
                    log.append(("out", type(caught).__name__, lines))
                text = repr(log)
                total = (total * 1000003 + sum(text.encode())) % 2_000_000_011
                if place in (-1, 0, places // 2, places - 1):
                    results.append(f"{at} {type(error).__name__}: {log[-3:]}")
    print(places, depth, total)
    print(*results[:: max(1, len(results) // 12)], sep="\n")


def odd_handlers():
    def caught_by(kind, error):
        try:
            try:
                raise error
            except kind as got:
                return f"caught {type(got).__name__}"
        except BaseException as got:
            return f"{type(got).__name__}: {got}" + (f", while {got.__context__!r}" if got.__context__ else "")

    for _ in range(300):
        answers = [
            caught_by(kind, error)
            for kind in (Base, Derived, Exception, BaseException, KeyError, (), (Base, KeyError), (1, KeyError), 1, int, None, object)
            for error in (Base("b"), Derived("d"), KeyError("k"), SystemExit(3))
        ]
    print(*answers, sep="\n")


for places in (1, 2, 5, PLACES):
    for depth in (1, 2, 5):
        run(places, depth)
odd_handlers()
print(Meta.asked)
