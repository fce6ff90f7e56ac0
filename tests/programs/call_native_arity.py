# C functions called with the wrong number of arguments, again and again from the same place.
def attempts(calls, turns):
    seen = {}
    for i in range(turns):
        call = calls[i % len(calls)]
        try:
            result = call(i)
        except TypeError as error:
            result = str(error)
        key = i % len(calls), str(result)
        seen[key] = seen.get(key, 0) + 1
    return seen


text = "abc"
items = []
calls = [
    lambda i: items.append(1, 2),
    lambda i: items.append(),
    lambda i: [].append(*range(i % 3)),
    lambda i: len(),
    lambda i: len(items, items),
    lambda i: text.join([], []),
    lambda i: isinstance(1),
    lambda i: abs(),
    lambda i: abs(1, 2),
    lambda i: type(),
    lambda i: type(1, 2),
    lambda i: ord("a", "b"),
    lambda i: {}.keys(1),
    lambda i: {}.get(),
    lambda i: str(1, 2, 3, 4),
    lambda i: range(),
]
one = [items.append, [].__contains__, abs, ord]


def same_place(function, *args):
    return function(*args)


def fixed_place(function, i):
    return function(i, i)


for key, count in sorted(attempts(calls, 1600).items()):
    print(*key, count)
for function in [*one, max, divmod]:
    for i in range(300):
        try:
            last = fixed_place(function, i + 1)
        except TypeError as error:
            last = str(error)
        try:
            other = same_place(function, *range(i % 3))
        except (TypeError, ValueError) as error:
            other = str(error)
    print(last, other)
