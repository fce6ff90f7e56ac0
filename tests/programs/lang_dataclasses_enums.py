# Dataclasses, enums, named tuples in hot loops: generated methods, ordering, hashing, flags, replace.
# native: no
from collections import namedtuple
from dataclasses import dataclass, field, replace
from enum import Enum, Flag, IntEnum, auto


class Colour(Enum):
    RED = 1
    GREEN = 2
    CRIMSON = 1

    @property
    def shade(self):
        return self.value * 10


class Level(IntEnum):
    LOW = 1
    HIGH = 5


class Mode(Flag):
    R = auto()
    W = auto()
    X = auto()


@dataclass(order=True)
class Item:
    key: int
    name: str = "n"
    tags: list = field(default_factory=list, compare=False)

    def __post_init__(self):
        self.tags.append(self.key)


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 0


Pair = namedtuple("Pair", "left right", defaults=[9])


def work(n):
    total = 0
    seen = set()
    items = []
    for i in range(n):
        items.append(Item(i * 7 % 31, str(i % 3)))
        p = Point(i % 5, i % 3)
        seen.add(p)
        seen.add(replace(p, y=i % 4))
        total += Colour(i % 2 + 1).shade + (Colour.RED if i % 3 else Colour.CRIMSON).value
        total += Level.HIGH + Level(1) if i % 2 else Level.LOW * 3
        mode = Mode.R | (Mode.W if i % 2 else Mode.X)
        total += len(mode) + (Mode.W in mode)
        pair = Pair(i, *([1] if i % 2 else []))
        total += pair.left + pair[1] + pair._replace(right=2).right
        try:
            p.x = 3
        except AttributeError as error:
            total += len(str(error))
    items.sort()
    return total, len(seen), items[0], items[-1], sorted(seen, key=lambda p: (p.x, p.y))[:3]


print(work(500))
try:
    Colour(7)
except ValueError as error:
    print(error)
print(Mode.R | Mode.X, repr(Pair(1)), Colour["CRIMSON"])
