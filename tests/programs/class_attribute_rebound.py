# Class attributes and methods replaced, deleted and shadowed while a hot loop uses them.
# native: yes


class Base:
    factor = 2

    def scale(self, x):
        return x * self.factor

    def name(self):
        return 1


class Derived(Base):
    def name(self):
        return super().name() + 10


def drive(obj, n, at, action):
    s = 0
    for i in range(n):
        s += obj.scale(i) + obj.name()
        if i == at:
            action(obj)
    return s


def set_factor(obj):
    Base.factor = 3


def set_method(obj):
    Base.scale = lambda self, x: -x


def set_derived(obj):
    type(obj).scale = lambda self, x: 1000


def del_derived(obj):
    if "scale" in type(obj).__dict__:
        del type(obj).scale


def shadow_factor(obj):
    obj.factor = 0.5


def shadow_method(obj):
    obj.scale = lambda x: x + 7


def to_static(obj):
    Base.scale = staticmethod(lambda x: x * x)


def to_classmethod(obj):
    Base.scale = classmethod(lambda cls, x: len(cls.__name__) * x)


def add_descriptor(obj):
    """A data descriptor on the class wins over the instance's dict."""
    Base.factor = property(lambda self: 5)


original = Base.__dict__["scale"]
for action in (
    set_factor,
    set_method,
    set_derived,
    del_derived,
    shadow_factor,
    shadow_method,
    to_static,
    to_classmethod,
    add_descriptor,
):
    obj = Derived()
    print(
        action.__name__,
        drive(obj, 700, 350, action),
        drive(Derived(), 300, 350, action),
    )
    Base.scale, Base.factor = original, 2


def counter_on_class(n):
    class Counter:
        count = 0

        def tick(self):
            Counter.count += 1
            return self.count

    c = Counter()
    s = 0
    for i in range(n):
        s += c.tick()
        if i == n // 2:
            Counter.count = 0.5
    return s, Counter.count


def base_changes(n):
    class A:
        v = 1

    class B:
        v = 100

    class C(A):
        pass

    c = C()
    s = 0
    for i in range(n):
        s += c.v
        if i == 400:
            C.__bases__ = (B,)
        if i == 500:
            del B.v
            B.v = 1000
    return s


print(counter_on_class(800), base_changes(700))


def removed(n):
    class A:
        def f(self):
            return 1

    a = A()
    s = errors = 0
    for i in range(n):
        try:
            s += a.f()
        except AttributeError as error:
            errors += 1
            message = str(error)
        if i == n - 10:
            del A.f
    return s, errors, message


print(removed(500))
