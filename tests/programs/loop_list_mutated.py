# A list changes while a for loop walks over it: append, pop, del, insert, clear, slice assignment.
# native: yes


def appending(lst, limit):
    total = 0
    for x in lst:
        total += x
        if len(lst) < limit:
            lst.append(x + 1)
    return len(lst), total


def popping(lst):
    seen = 0
    for x in lst:
        seen += x
        lst.pop()
    return len(lst), seen


def deleting(lst):
    seen = []
    for x in lst:
        seen.append(x)
        del lst[0]
    return len(lst), len(seen), seen[-1]


def clearing(lst, at):
    seen = 0
    for x in lst:
        seen += 1
        if x == at:
            lst.clear()
    return seen, lst


def inserting(lst, limit):
    steps = 0
    for x in lst:
        steps += 1
        if steps >= limit:
            break
        lst.insert(0, steps)
    return steps, len(lst), x


def replaced_items(lst):
    """Items ahead of the iterator change, also their types."""
    total = 0
    for i, x in enumerate(lst):
        total = total + x
        if i + 1 < len(lst) and i % 50 == 0:
            lst[i + 1] = 0.25
        if i + 2 < len(lst) and i % 90 == 0:
            lst[i + 2] = True
    return total


def shrinks_to_exact_end(lst):
    seen = 0
    for x in lst:
        seen += 1
        if seen == 500:
            del lst[500:]
    lst.append("late")
    return seen, lst[-1]


def exhausted_stays_exhausted():
    lst = [1] * 400
    it = iter(lst)
    total = 0
    for x in it:
        total += x
    lst.extend([1] * 100)
    for x in it:
        total += 1000
    return total


def sliced(lst, n):
    total = 0
    for i in range(n):
        lst[i % 7 : i % 7 + 2] = [i, i + 1, i + 2] if len(lst) < 30 else [i]
        total += lst[i % len(lst)]
    return total, len(lst)


print(
    appending([1], 1200),
    appending([], 5),
    popping(list(range(1000))),
    deleting(list(range(1001))),
)
print(clearing(list(range(900)), 700), clearing(list(range(900)), 0), inserting([0], 800))
print(replaced_items(list(range(800))), shrinks_to_exact_end(list(range(900))))
print(exhausted_stays_exhausted(), sliced(list(range(10)), 900))


def rebound_while_iterating(n):
    lst = list(range(n))
    total = 0
    for x in lst:
        total += x
        lst = [x]
    return total, lst


print(rebound_while_iterating(700))
