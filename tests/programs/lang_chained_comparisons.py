# Chained comparisons, boolean operators and conditional expressions whose operands have effects and odd truth.
# native: no
log = []


class V:
    def __init__(self, n):
        self.n = n

    def __lt__(self, other):
        log.append(("lt", self.n, other.n))
        return "yes" if self.n < other.n else ""

    def __bool__(self):
        log.append(("bool", self.n))
        if self.n == 13:
            raise RuntimeError("unlucky")
        return self.n % 2 == 1


class Length:
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n


def see(n):
    log.append(n)
    return V(n)


def work(i):
    out = []
    out.append(see(i % 3) < see(i % 4) < see(i % 5))
    out.append((see(i % 4) and see(i % 2) or see(7)).n)
    out.append(0 < i % 7 < 5 != i % 5 <= 4)
    out.append("t" if Length(i % 2) else "f")
    try:
        out.append(not see(i % 14))
    except RuntimeError as error:
        out.append(str(error))
    try:
        out.append(bool(Length(-(i % 3))))
    except ValueError as error:
        out.append(str(error))
    x = None
    out.append(x is None or x > 3)
    out.append(1 if i > 5 else 2.0 if i > 2 else "three")
    return out


def main():
    counts = {}
    for i in range(840):
        key = repr(work(i))
        counts[key] = counts.get(key, 0) + 1
    print(len(counts), len(log))
    for key in sorted(counts)[::12]:
        print(counts[key], key)


main()
