# Class bodies executed often: names, closures over __class__, decorators, keywords, metaclasses, __set_name__.
# native: no
events = {}


def count(name):
    events[name] = events.get(name, 0) + 1


class Field:
    def __set_name__(self, owner, name):
        count("set_name")
        self.name = name

    def __get__(self, obj, owner=None):
        return self if obj is None else obj.__dict__.get(self.name, 0)

    def __set__(self, obj, value):
        obj.__dict__[self.name] = value + 1


class Meta(type):
    @classmethod
    def __prepare__(mcls, name, bases, **kw):
        count("prepare")
        return {"made_by": mcls.__name__}

    def __new__(mcls, name, bases, ns, *, tag=None):
        count("new")
        cls = super().__new__(mcls, name, bases, ns)
        cls.tag = tag
        return cls

    def __call__(cls, *args):
        count("call")
        return super().__call__(*args)


class Base:
    def __init_subclass__(cls, /, **kw):
        count("init_subclass")
        super().__init_subclass__(**kw)

    def who(self):
        return "base"


def deco(value):
    def inner(cls):
        cls.deco = value
        return cls

    return inner


def build(i):
    y = i * 2

    @deco(i)
    class Local(Base, metaclass=Meta, tag=i % 5):
        x = i
        for k in range(3):
            x += k
        z = [i + y for _ in range(2)]
        f = Field()
        if i % 2:
            odd = True

        def __init__(self, n):
            self.f = n

        def who(self):
            return __class__.__name__ + super().who()

        @property
        def total(self):
            return self.f + self.x

    return Local


def main():
    total = 0
    for i in range(400):
        cls = build(i)
        obj = cls(i)
        total += obj.total + cls.k + cls.deco + cls.tag + cls.z[1] + len(obj.who()) + hasattr(cls, "odd")
    print(total, cls.made_by, obj.who())
    print(events)


main()
