# Strings grown in place, joined, sliced, translated; kinds that widen; identity of what is shared.
# native: stressed
def grow(n, alphabet):
    s = ""
    for i in range(n):
        s += alphabet[i % len(alphabet)]
    return s


def grow_attribute(n):
    class Holder:
        s = ""

    h = Holder()
    for i in range(n):
        h.s += chr(97 + i % 26)
    return len(h.s), h.s[-3:]


def shared(n):
    s = "x"
    kept = []
    for i in range(n):
        if i % 100 == 0:
            kept.append(s)
        s += "y"
    return [len(k) for k in kept]


def scan(text):
    counts = {}
    words = []
    word = ""
    for ch in text:
        if ch.isalpha():
            word += ch
        elif word:
            words.append(word)
            word = ""
        counts[ch] = counts.get(ch, 0) + 1
    return len(words), max(words, key=len), sorted(counts.items())[:4]


def slices(s):
    total = 0
    for i in range(-len(s) - 2, len(s) + 2):
        for j in range(-3, 4):
            total += len(s[i:j]) + len(s[j:i]) + s[i:].count("a") + (s[::j].find("b") if j else 0)
    return total


print(grow(900, "abc")[-5:], grow(900, "aé")[-4:], ascii(grow(900, "a€")[-4:]), ascii(grow(901, "a\U0001f600")[-3:]))
print(grow_attribute(800), shared(700))
print(scan("the quick brown fox, the lazy dog; " * 40))
print(slices("abcab"))
single = [a is b for a, b in zip("abc" * 200, "abc" * 200)]
print(all(single), ("a" * len(single[:1])) == "a", len({id(c) for c in "zé" * 300}))
table = str.maketrans("abc", "xyz", "d")
print(sum(len((str(i) + "abcd").translate(table).upper().center(12, "*")) for i in range(500)))
for i in range(300):
    try:
        "abc"[i % 6]
    except IndexError as error:
        last = str(error)
print(last, "%s-%5.1f-%r" % ("a", 2.25, None), "{:>4}|{!r}".format(5, "x"))
