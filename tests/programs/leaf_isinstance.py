"""isinstance answers from a site's memory; classes change their class, bases and __class__, die and are made anew."""
import gc


class A:
    pass


class B(A):
    pass


class Other:
    pass


def ask(x, cls):
    return isinstance(x, cls)


def many(x, cls, n=40):
    return {isinstance(x, cls) for _ in range(n)}, {ask(x, cls) for _ in range(n)}


print(many(B(), A), many(A(), B), many(1, int), many(True, int), many("", (int, str)), many(1.0, (int, str)))

# The class asked for has a metaclass with an opinion of its own, or loses it.
log = []


class Silent(type):
    pass


class Opinion(type):
    def __instancecheck__(cls, instance):
        log.append(cls.__name__)
        return not type.__instancecheck__(cls, instance)


class Asked(metaclass=Silent):
    pass


class Answered(Asked):
    pass


b = Answered()
print(many(b, Asked), many(1, Asked))
Asked.__class__ = Opinion
print(many(b, Asked), many(Other(), Asked), many(b, (int, Asked)), len(log))
Asked.__class__ = Silent
print(many(b, Asked), many(Other(), Asked), len(log))
Silent.__instancecheck__ = lambda cls, instance: "yes"
print(many(b, Asked), many(Other(), Asked), len(log))
try:
    A.__class__ = Opinion
except TypeError as error:
    print(error)

# The instance's class gets other bases, and the instance another class.


class Base1:
    pass


class Base2:
    pass


class C(Base1):
    pass


c = C()
print(many(c, Base1), many(c, Base2))
C.__bases__ = (Base2,)
print(many(c, Base1), many(c, Base2))
c.__class__ = B
print(many(c, A), many(c, Base2))


# An object that says it is something else: by a property, which is asked each time, or from its __getattribute__.
class Proxy:
    @property
    def __class__(self):
        log.append("asked")
        return int


log.clear()
print(many(Proxy(), int), many(Proxy(), str), many(Proxy(), (str, Proxy, int)), len(log))


class Nothing:
    pass


class Late(Nothing):
    pass


class SaysInt:
    @property
    def __class__(self):
        return int


late = Late()
print(many(late, int))
Late.__bases__ = (SaysInt,)
print(many(late, int))
Late.__bases__ = (Nothing,)
print(many(late, int))
Late.__getattribute__ = lambda self, name: int if name == "__class__" else object.__getattribute__(self, name)
print(many(late, int))


class Failing:
    @property
    def __class__(self):
        raise ValueError("no class")


for classes in (int, (int, Failing), (Failing, int), (int, str)):
    try:
        print(many(Failing(), classes))
    except ValueError as error:
        print("raised", error)


# A site remembers a class that dies; others come to lie where it was.
def fresh(i):
    return type(f"T{i}", (Other,) if i % 3 == 0 else (), {})


def churn():
    instances = [Other(), B(), 1]
    answers = []
    for i in range(300):
        cls = fresh(i)
        answers.append([ask(x, cls) for x in instances] + [ask(cls(), cls), ask(cls(), Other)])
        del cls
        if i % 50 == 0:
            gc.collect()
    return answers


answers = churn()
print(sum(sum(row) for row in answers), answers[:3])


# Temporaries die where they should.
class Noisy:
    def __del__(self):
        log.append("dead")


def temporaries():
    log.clear()
    out = []
    for i in range(60):
        out.append(isinstance(Noisy(), Noisy))
        log.append(i)
    return out == [True] * 60, log[:6], len(log)


print(temporaries())
classes = [fresh(i) for i in range(60)]
print([isinstance(classes.pop(), type) for _ in range(60)] == [True] * 60, isinstance(*[isinstance] * 1, type(len)))

for bad in (1, (int, 1), "int"):
    try:
        many("", bad)
    except TypeError as error:
        print(error)
try:
    for _ in range(50):
        isinstance(1)
except TypeError as error:
    print(error)


# The name is bound to something else in the middle.
def shadow():
    out = []
    for i in range(60):
        if i == 30:
            globals()["isinstance"] = lambda x, cls: "mine"
        out.append(isinstance(i, int))
    del globals()["isinstance"]
    return out[28:32], isinstance(1, int)


print(shadow())


# Metaclasses without an opinion of their own, which get one later, by assignment, by a base and by another metaclass.
class Meta(type):
    pass


class SubMeta(Meta):
    pass


class M(metaclass=SubMeta):
    pass


class N(M):
    pass


def ask_m(x):
    return isinstance(x, M)


def many_m():
    return {(ask_m(N()), ask_m(M()), ask_m(1), ask_m(Other()), isinstance(N(), (str, M)), isinstance(M, SubMeta)) for _ in range(30)}


print(many_m())
Meta.__instancecheck__ = lambda cls, instance: not type.__instancecheck__(cls, instance)
print(many_m())
del Meta.__instancecheck__
print(many_m())
M.__class__ = Opinion
N.__class__ = Opinion
print(many_m())
M.__class__ = N.__class__ = SubMeta
print(many_m())


def two_classes_in_turn():
    """More types and classes than one place remembers."""
    out = []
    for i in range(60):
        for x in (1, "", N(), M(), Other(), M):
            out.append([isinstance(x, cls) for cls in (int, str, M, N, Other, type)])
    return out[:6] * 60 == out, out[:6]


print(two_classes_in_turn())
