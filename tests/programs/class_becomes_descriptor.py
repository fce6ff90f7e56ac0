# Objects on a class become descriptors while compiled loops load and store the attribute through instances.
# native: yes


def make(own, with_dict):
    class Plain:
        pass

    class Descriptor:
        def __get__(self, instance, owner):
            return lambda: "new class"

    class Holder:
        attribute = Plain()
        other = Plain()

    instance = Holder()
    if with_dict:
        instance.__dict__
    if own:
        instance.attribute = lambda: "own"
    else:
        Plain.__call__ = lambda self: "class"
    return Plain, Descriptor, Holder, instance


def called(instance, n):
    seen = {}
    for _ in range(n):
        what = instance.attribute()
        seen[what] = seen.get(what, 0) + 1
    return sorted(seen.items())


def stored(instance, n):
    for i in range(n):
        instance.attribute = i
    return instance.__dict__.get("attribute")


def on_class(cls, n):
    last = None
    for _ in range(n):
        last = cls.other
    return type(last).__name__


def run(n, own, with_dict):
    Plain, Descriptor, Holder, instance = make(own, with_dict)
    print(called(instance, n), on_class(Holder, n))
    Plain.__get__ = lambda self, instance, owner: lambda: "got"
    print(called(instance, n), on_class(Holder, n))
    print(stored(instance, n))
    log = []
    Plain.__set__ = lambda self, instance, value: log.append(value)
    stored(instance, n)
    print(called(instance, n), len(log), instance.__dict__)
    del Plain.__set__
    del Plain.__get__
    instance.attribute = lambda: "own again"
    print(called(instance, n), on_class(Holder, n))


def reclassed(n):
    Plain, Descriptor, Holder, instance = make(False, False)
    print(called(instance, n))
    Holder.__dict__["attribute"].__class__ = Descriptor
    print(called(instance, n))




def inherited(n):
    class Plain:
        def __call__(self):
            return "called"

    class Above:
        method = Plain()

    class Below(Above):
        def method(self):
            return super().method()

    def total(n):
        seen = {}
        for _ in range(n):
            what = Below().method()
            seen[what] = seen.get(what, 0) + 1
        return sorted(seen.items())

    print(total(n))
    Plain.__get__ = lambda self, instance, owner: lambda: "bound"
    print(total(n))


for own in False, True:
    for with_dict in False, True:
        run(400, own, with_dict)
reclassed(400)
inherited(400)
