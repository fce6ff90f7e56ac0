"""More objects that die in one instruction than an immediate has bits for: variables of frames, arguments."""


class C:
    live = 0
    died = []

    def __init__(self, n=0):
        self.n = n
        C.live += 1

    def __del__(self):
        C.live -= 1
        C.died.append(self.n)

    def __format__(self, spec):
        return "c"


def frame(count):
    body = "; ".join(f"v{n} = C({n})" for n in range(count))
    space = {"C": C}
    exec(f"def variables():\n    {body}\n    return v0", space)
    return space["variables"]


def calls(function):
    for _ in range(300):
        function()
    died, C.died = C.died, []
    return C.live, len(died), died[-20:]


for count in (1, 14, 15, 16, 17, 18, 24, 33, 63, 64, 65, 70):
    print(count, calls(frame(count)))


def arguments():
    total = 0
    form = "{}" * 20
    for i in range(300):
        total += len(
            form.format(
                C(0), C(1), C(2), C(3), C(4), C(5), C(6), C(7), C(8), C(9),
                C(10), C(11), C(12), C(13), C(14), C(15), C(16), C(17), C(18), C(19),
            )
        )  # fmt: skip
    return total


print(arguments(), C.live, C.died[-20:])


def kept(*args, **kwargs):
    a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t = args
    return a, t


def shared():
    """Many of them are held by somebody else, too."""
    keep = [C(i) for i in range(20)]
    for _ in range(300):
        kept(*keep)
        kept(*keep[:19], C(99))
    return C.live, len(keep)


C.died.clear()
print(shared(), C.live, len(C.died))
