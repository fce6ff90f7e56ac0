# Small ints are one object each however they are computed; large computed ones need not be.
# native: yes


def computed_small(n):
    one_object = 0
    for i in range(n):
        a = i % 257
        b = 256 - (256 - a)
        if a is b:
            one_object += 1
    return one_object


def negative_small(n):
    same = 0
    for i in range(n):
        a = -(i % 6)
        b = (i % 6) * -1
        if a is b:
            same += 1
    return same


def singleton_results(n):
    log = 0
    for i in range(n):
        a = i < 10**6
        b = i * 2 == i + i
        if a is True and b is True and (not a) is False:
            log += 1
        if None is (i if i < 0 else None):
            log += 1
    return log


def from_list(lst, n):
    same = 0
    for i in range(n):
        x = lst[i % len(lst)]
        y = x - 1 + 1
        if x == y and x is y:
            same += 1
    return same


small = [int(str(i)) for i in range(-5, 257)]
print(
    computed_small(1028),
    negative_small(600),
    singleton_results(500),
    from_list(small, 786),
)
text = "abc" * 100
print(sum(c is d for c, d in zip(text, "abc" * 100)))
