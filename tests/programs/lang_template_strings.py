# t-strings and f-strings with conversions, nested specs, = and side effects in order.
# native: no
from string.templatelib import Interpolation, Template

log = []


class Shown:
    def __init__(self, n):
        self.n = n

    def __format__(self, spec):
        log.append(("format", spec))
        return f"<{self.n}|{spec}>"

    def __repr__(self):
        log.append("repr")
        return f"Shown({self.n})"


def render(template):
    assert isinstance(template, Template)
    out = []
    for part in template:
        if isinstance(part, Interpolation):
            out.append(f"[{part.expression}!{part.conversion}:{part.format_spec}={part.value}]")
        else:
            out.append(part)
    return "".join(out)


def work(n):
    size = 0
    last = None
    for i in range(n):
        width = i % 7 + 3
        x = i * 1.5
        s = Shown(i % 4)
        last = render(t"{i} and {x:{width}.2f} {i!r:>5}")
        text = f"{i:>{width}}|{x:.1f}|{s:a{width}}|{s!r}|{i=}|{x!s:>8}|{'q' * (i % 3)}"
        size += len(last) + len(text)
    return size, last, text


print(work(700))
print(len(log), log[:6])
try:
    f"{1:z}"
except ValueError as error:
    print(error)
