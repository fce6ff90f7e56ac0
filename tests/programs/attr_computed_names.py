# native: stressed
"""Names computed at run time: equal to the interned ones in the code, but other objects."""


class Options:
    mode = "default"
    level = 1

    def describe(self):
        return "class"


def computed(prefix, name):
    return prefix + name


def make(**given):
    options = Options.__new__(Options)
    options.__dict__.update({computed("mo", k[2:]) if k == "mode" else computed("", k): v for k, v in given.items()})
    return options


def read(options):
    return options.mode


def read_level(options):
    return options.level


def call(options):
    return options.describe()


def loop(f, options, n=400):
    seen = {}
    for _ in range(n):
        for o in options:
            value = f(o)
            seen[value] = seen.get(value, 0) + 1
    return seen


# The class's shared keys get the computed string; the instances' own values must hide the class's.
plain = Options()
given = [make(mode="own"), make(mode="other", level=2)]
print(loop(read, given))
print(loop(read, [plain] + given))
print(loop(read_level, [plain] + given))


# The first instance decides what string is in the shared keys; the code's own comes later.
class Late:
    attribute = "class"


first = Late()
vars(first)["".join(["attri", "bute"])] = "dict"
second = Late()
second.attribute = "stored"


def attribute_of(o):
    return o.attribute


print(loop(attribute_of, [first, second, Late()]))


def store(o):
    o.attribute = "again"
    return o.attribute


print(loop(store, [first, second, Late()]))
print(vars(first), vars(second))


# A method hidden by an instance's function under a computed name.
hidden = Options()
vars(hidden)[computed("desc", "ribe")] = lambda: "instance"
print(loop(call, [hidden, Options(), hidden]))


# A materialized dict with a computed key.
loose = Options()
for i in range(40):
    setattr(loose, f"a{i}", i)
vars(loose)[computed("mo", "de")] = "loose"
print(loop(read, [loose, plain]))
loose.mode = "assigned"
print(loop(read, [loose, plain]))

# Globals and builtins.
globals()[computed("made_", "global")] = 7


def global_sum(n):
    total = 0
    for _ in range(n):
        total += made_global
    return total


print(global_sum(500))
globals()[computed("made_", "global")] = 8
print(global_sum(500))
del made_global


def length(n):
    total = 0
    for _ in range(n):
        total += len("abc")
    return total


print(length(500))
globals()[computed("le", "n")] = lambda text: 100
print(length(500))
del globals()[computed("l", "en")]
print(length(500))
