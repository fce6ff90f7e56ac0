# An evaluator that somebody else installs while hot loops run sees every call from then on.
# native: yes

import collections

try:
    from _testinternalcapi import set_eval_frame_default, set_eval_frame_record
except ImportError:

    def set_eval_frame_record(calls):
        calls += ["not to be had"]

    def set_eval_frame_default():
        pass


class Items:
    def __getitem__(self, i):
        return i


def inner(x=42):
    return x


def calls():
    return inner() + inner(2)


def special():
    return Items()[42]


def generator():
    yield from (inner(i) for i in range(3))


def consumer():
    return sum(generator())


def recursive(n=4):
    return n and recursive(n - 1)


def seen(function, n):
    names = []
    total = 0
    for i in range(2 * n):
        if i == n:
            set_eval_frame_record(names)
        total += function()
    set_eval_frame_default()
    return total, sorted(collections.Counter(names).items())


def warm(n):
    """Loops that are compiled before an evaluator comes, and are entered under it."""
    total = 0
    for i in range(n):
        total += calls() + special() + recursive()
    return total


print(warm(1000))
for function in (calls, special, consumer, recursive):
    print(function.__name__, seen(function, 100))
    # It is the default one now, and Tierup is out.
    print(warm(100))
