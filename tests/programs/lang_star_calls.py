# Calls with every kind of parameter and argument, and the messages of those that do not fit.
# native: no


def all_kinds(a, b=2, /, c=3, *rest, d, e=5, **more):
    return (a, b, c, rest, d, e, sorted(more.items()))


def collect(*args, **kwargs):
    return len(args) + len(kwargs)


class Mapping:
    def keys(self):
        return ["p", "q"]

    def __getitem__(self, key):
        return key * 2


CALLS = [
    lambda i: all_kinds(i, d=1),
    lambda i: all_kinds(i, 1, 2, 3, 4, d=i, z=9),
    lambda i: all_kinds(*range(i % 4 + 1), d=2),
    lambda i: all_kinds(i, **{"d": 1, "e": i}),
    lambda i: all_kinds(*[1, 2], *"ab", d=0, **Mapping()),
    lambda i: collect(*(j for j in range(i % 5)), **{str(j): j for j in range(i % 3)}),
    lambda i: all_kinds(i),
    lambda i: all_kinds(d=1),
    lambda i: all_kinds(i, a=1, d=2),
    lambda i: all_kinds(i, d=1, **{"d": 2}),
    lambda i: all_kinds(*i),
    lambda i: all_kinds(**i),
    lambda i: all_kinds(i, **{1: 2}),
    lambda i: collect(*Mapping().keys(), **Mapping()),
]


def main():
    counts = {}
    for i in range(60):
        for n, call in enumerate(CALLS):
            for _ in range(6):
                try:
                    result = repr(call(i))
                except (TypeError, KeyError) as error:
                    result = f"{type(error).__name__}: {error}"
                result = result.replace(str(i), "I") if n not in (2, 5) else result
            key = (n, result)
            counts[key] = counts.get(key, 0) + 1
    for key in sorted(counts)[:60]:
        print(key, counts[key])


main()
