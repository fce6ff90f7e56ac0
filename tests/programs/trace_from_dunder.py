# A tool switched on by code that an instruction runs implicitly sees the very next instruction.
# native: no

import sys

monitoring = sys.monitoring
TOOL = 3
monitoring.use_tool_id(TOOL, "dunders")
seen = []


def instruction(code, offset):
    if code.co_name.startswith("by_"):
        seen.append((code.co_name, offset))


def line(code, number):
    if code.co_name.startswith("by_"):
        seen.append((code.co_name, "line", number - code.co_firstlineno))


monitoring.register_callback(TOOL, monitoring.events.INSTRUCTION, instruction)
monitoring.register_callback(TOOL, monitoring.events.LINE, line)


def switch_on():
    monitoring.set_events(TOOL, monitoring.events.INSTRUCTION | monitoring.events.LINE)


class Switch:
    """Whatever is done to it switches the tool on."""

    def __getattr__(self, name):
        switch_on()
        return 1

    @property
    def value(self):
        switch_on()
        return 1

    def __setattr__(self, name, value):
        switch_on()

    def __delattr__(self, name):
        switch_on()

    def __add__(self, other):
        switch_on()
        return 1

    def __eq__(self, other):
        switch_on()
        return True

    def __lt__(self, other):
        switch_on()
        return True

    def __hash__(self):
        switch_on()
        return 1

    def __getitem__(self, key):
        switch_on()
        return 1

    def __setitem__(self, key, value):
        switch_on()

    def __delitem__(self, key):
        switch_on()

    def __contains__(self, key):
        switch_on()
        return True

    def __bool__(self):
        switch_on()
        return True

    def __neg__(self):
        switch_on()
        return 1

    def __iter__(self):
        switch_on()
        return iter([1, 2])

    def __format__(self, spec):
        switch_on()
        return "x"

    def __enter__(self):
        switch_on()
        return self

    def __exit__(self, *rest):
        switch_on()


class Steps:
    def __iter__(self):
        return self

    def __next__(self):
        switch_on()
        return 1


class Dies:
    def __del__(self):
        switch_on()


def by_attribute(s):
    x = s.missing
    return x + 1


def by_property(s):
    x = s.value
    return x + 1


def by_store(s):
    s.x = 1
    return s is None


def by_delete(s):
    del s.x
    return s is None


def by_add(s):
    x = s + 1
    return x + 1


def by_equal(s):
    x = s == 1
    return x


def by_less_jump(s):
    if s < 1:
        x = 1
    return x


def by_subscript(s):
    x = s[0]
    return x + 1


def by_store_subscript(s):
    s[0] = 1
    return s is None


def by_delete_subscript(s):
    del s[0]
    return s is None


def by_contains(s):
    x = 1 in s
    return x


def by_bool(s):
    if s:
        x = 1
    return x


def by_negative(s):
    x = -s
    return x + 1


def by_unpack(s):
    a, b = s
    return a + b


def by_iter(s):
    for x in s:
        pass
    return x


def by_next(s):
    for x in Steps():
        break
    return x


def by_format(s):
    x = f"{s}{s:>3}"
    return x


def by_hash(s):
    x = {s: 1}
    y = {s}
    return x is y


def by_with(s):
    with s:
        x = 1
    return x


def by_del(s):
    d = Dies()
    d = None
    return d


def by_replaced(s):
    d = Dies()
    d = 1
    return d + 1


def by_list(s):
    x = [*s]
    return len(x)


def run(function):
    seen.clear()
    function(Switch())
    monitoring.set_events(TOOL, 0)
    return list(seen)


cases = [function for name, function in sorted(globals().items()) if name.startswith("by_")]
for function in cases:
    first = run(function)
    print(function.__name__, first)
    for _ in range(30):
        again = run(function)
        if again != first:
            print("differs", again)
            break
