# Chained comparisons in a hot loop: their outcome is on the stack twice where native code is left.
# native: yes
def sunder(name):
    return len(name) > 2 and name[0] == name[-1] == "_" and name[1] != "_" and name[-2] != "_"


def dunder(name):
    return len(name) > 4 and name[:2] == name[-2:] == "__" and name[2] != "_" and name[-3] != "_"


def names(words, turns):
    seen = {}
    for i in range(turns):
        word = words[i % len(words)]
        key = word, sunder(word), dunder(word)
        seen[key] = seen.get(key, 0) + 1
    return seen


def numbers(turns):
    inside = equal = 0
    kept = []
    for i in range(turns):
        inside += 10 < i % 37 < 20
        equal += i % 3 == i % 5 == i % 2
        low = 0.5 < i % 7 * 0.25 <= 1.25
        if low is (i % 7 in (3, 4, 5)):
            continue
        kept.append(i)
    return inside, equal, kept


words = ["__hash__", "_a_", "abc", "_", "__init__", "x_", "_private", "__x", "_ignore_"]
for turns in (900, 1000, 1100):
    for key, count in names(words, turns).items():
        print(*key, count)
print(numbers(1500))
