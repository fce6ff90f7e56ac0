# A __slots__ member, put into another class, refuses that class's objects, in compiled loops too.
# native: yes


class Owner:
    __slots__ = ("slot",)


class Heir(Owner):
    __slots__ = ()


class Stranger:
    borrowed = Owner.slot


class Bare:
    __slots__ = ("a", "b")


Bare.borrowed = Owner.slot


def write(o, i):
    o.borrowed = i


def read(o, i):
    return o.borrowed


def remove(o, i):
    del o.borrowed


def refused(action, o, n):
    errors = set()
    for i in range(n):
        try:
            action(o, i)
        except TypeError as error:
            errors.add(str(error))
    return sorted(errors)


def inherited(n):
    o = Heir()
    total = 0
    for i in range(n):
        o.slot = i
        total += o.slot
    return total


print(inherited(500))
for action in write, read, remove:
    for o in Stranger(), Bare():
        print(action.__name__, refused(action, o, 500))




def read_only(n):
    """A function's closure and code's constants are members that cannot be written."""
    errors = set()
    f = inherited
    for i in range(n):
        try:
            f.__closure__ = i
        except AttributeError as error:
            errors.add(str(error))
    return sorted(errors), f.__closure__


print(read_only(300))
