# Attributes of classes whose type may become that of a descriptor, as members of enumerations; comparisons by identity.
# native: no

import enum


class Kind(enum.Enum):
    SMALL = 1
    LARGE = 2


class Value:
    pass


class Meta(type):
    pass


class Holder:
    value = Value()


class Other(metaclass=Meta):
    value = Value()


def read(classes):
    return [type(c.value).__name__ for c in classes]


def member():
    return Kind.SMALL


def compare(pairs):
    return [(a == b, a != b) for a, b in pairs]


for _ in range(6):
    print(read([Holder, Other]), member(), Kind.LARGE.name)

# Its type becomes a descriptor's, then no longer is one.
Value.__get__ = lambda self, instance, owner: owner
print(read([Holder, Other]))
del Value.__get__
print(read([Holder, Other]))
Value.__set__ = lambda self, instance, value: None
print(read([Holder, Other]))
# The metaclass has it.
Meta.value = property(lambda cls: cls.__name__)
print(read([Other]))
del Meta.value
print(read([Other]))
Holder.value = 5
print(read([Holder, Other]))
Holder.value = Value()
print(read([Holder, Other]))
del Holder.value
try:
    read([Holder])
except AttributeError as e:
    print(e)

pairs = [(Kind.SMALL, Kind.SMALL), (Kind.SMALL, Kind.LARGE), (Value(), Value()), (Holder.value if 0 else 1, Kind.SMALL)]
for _ in range(6):
    print(compare(pairs))


class Dies:
    def __del__(self):
        print("dies")


def temporary():
    return (Dies() == Dies(), Dies() != None, None == Dies())  # noqa: E711


for _ in range(4):
    print(temporary())

same = Dies()
for _ in range(4):
    print(compare([(same, same), (same, pairs)]))
Dies.__eq__ = lambda self, other: "equal"
print(compare([(same, same), (same, pairs)]))
del Dies.__eq__
print(compare([(same, same), (same, pairs)]))
try:
    print(same < same)
except TypeError as e:
    print(e)
for _ in range(4):
    if same == same and same != pairs:
        print("identity")
del same
print(compare([(1.5, 2), (2, 1.5), (10**30, 1.0), ("a", "b"), ([], ())]))
