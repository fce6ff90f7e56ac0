# String operations called directly: results, identity, kinds, subclasses, errors raised in the middle.
# native: yes

import sys


class Sub(str):
    def __contains__(self, x):
        return "sub contains"

    def __eq__(self, other):
        return "sub eq"

    __hash__ = str.__hash__

    def startswith(self, *args):
        return "sub startswith"

    def __getitem__(self, i):
        return "sub item"

    def __len__(self):
        return 77

    def __str__(self):
        return "sub str"

    def __format__(self, spec):
        return f"sub format {spec!r}"

    def __add__(self, other):
        return "sub add"


def methods(n, words):
    out = []
    for i in range(n):
        w = words[i % len(words)]
        out.append((
            w.upper(), w.lower(), w.strip(), w.strip("a"), w.find("b"), w.find("b", 1), w.startswith("a"),
            w.endswith(("b", "c")), w.replace("a", "xyz"), w.split("b"), w.split(), w.isalpha(), w.isdigit(),
            w.title(), w.count("a"), w.partition("b"), w.zfill(5), w.center(9, "*"), w.rjust(4),
        ))
    return out[-len(words) :]


def items(n, text):
    out = []
    same = 0
    for i in range(n):
        c = text[i % 7]
        d = text[-1 - i % 7]
        same += c is text[i % 7]
        same += text[:] is text
        same += 1000 * (c == d)
        same += 10 * (c < d) + 100 * (c >= d)
        out.append(c + d + text[i % 5 : i % 7] + text[i % 3 :] + text[: -(i % 4)] + text[5:1])
    return out[-9:], same


def errors(n, words):
    caught = []
    for i in range(n):
        w = words[i % len(words)]
        try:
            w.index("zz" if i == n - 5 else w[:1])
            w[i % 3 if i != n - 4 else 99]
            w.split("" if i == n - 3 else " ")
            int(str(i) if i != n - 2 else w)
            chr(i if i != n - 1 else -1)
        except (ValueError, IndexError, OverflowError) as e:
            caught.append((i, type(e).__name__, str(e), e.__traceback__.tb_lineno - errors.__code__.co_firstlineno))
    return caught


def search(n, hay, needles):
    hits = []
    for i in range(n):
        needle = needles[i % len(needles)]
        hits.append((needle in hay, needle not in hay, needle == hay, needle != hay, len(needle), bool(needle)))
    return hits[-len(needles) :]


def formats(n, values):
    out = []
    for i in range(n):
        v = values[i % len(values)]
        out.append(f"<{v}> {i} {i:04} {-i:5} {-i:06d} {i / 8:.2f} {v!s:>6} {True} {None}|{i}{i}{i}{i}{i}{i}")
        out.append(str(i) + str(-i) + repr(i) + str(i / 4) + str(None))
    return out[-2 * len(values) :]


def specials(n):
    out = []
    for i in range(n):
        k = (0, -1, 9, -9, 10, 2**63 - 1, -(2**63), 2**63, 10**30)[i % 9]
        out.append(f"{k}|{k:03}|{k:3}|{k:024}|{k:24d}|{str(k)}")
    return out[-9:]


def join(n):
    parts = []
    for i in range(n):
        parts.append("x" if i % 2 else "é")
        if i % 10 == 9:
            parts = ["-".join(parts)[-12:]]
    try:
        for i in range(n):
            parts.append(str(i) if i < n - 1 else i)
            ",".join(parts)
    except TypeError as e:
        return parts[:2], str(e)


def append(n):
    s = ""
    kept = []
    for i in range(n):
        s += "ab"[i % 2]
        if i % 100 == 50:
            kept.append(s)
        if i == n // 2:
            s += "é"
        if i == n - 10:
            s += "€"
        if i == n - 5:
            hash(s)
    return len(s), [len(k) for k in kept], s[-12:], kept[0][-3:]


def append_shared(n):
    """Whoever else holds the string keeps the old one."""
    s = "start" + str(n)
    holder = [s]
    for i in range(n):
        t = s
        s += "x"
        if t is s or len(t) + 1 != len(s):
            return "changed in place", i
        holder[0] = s
        s += "y"
        if len(holder[0]) + 1 != len(s):
            return "changed in the list", i
    return len(s)


def build(prefix, n):
    text = prefix
    text += "-"
    text += str(n)
    return text


def append_in_callee(n):
    out = []
    prefix = "p" + str(n)
    for i in range(n):
        out.append(build(prefix, i))
    return out[-2:], prefix


def append_argument(s, n):
    for i in range(n):
        s += "z"
    return len(s)


def characters(n):
    counts = {}
    for i in range(n):
        c = chr(i % 300)
        counts[c] = counts.get(c, 0) + ord(c)
        if c.isalpha() and c in "aeiou":
            counts["vowels"] = counts.get("vowels", 0) + 1
    return len(counts), counts["a"], counts["vowels"], counts["\u0100"]


plain = ["abc", "b", "", "aabbcc", " a b ", "é\u20ac", "123"]
print(methods(700, plain))
print(methods(700, plain)[3] == methods(701, plain)[2])
for text in ("abcdefg", "abcdéfg", "ab€defg", "ab😀defg"):
    print(items(600, text))
print(errors(600, ["abc", "bcd", "cde"]))
print(search(600, "hello world", ["hello", "", "xyz", "o w", "é", "hello world"]))
print(search(600, "hello world", ["hello", Sub("hello"), "o w"]))
print(formats(600, [1, "s", 2.5, True, None, Sub("q"), 10**40]))
print(specials(900))
print(join(600))
print(append(600), append_shared(600), append_in_callee(600))
mine = "mine" + str(sys.maxsize)
print(append_argument(mine, 600), mine)
print(characters(2000))


def meets_subclass(n):
    words = ["abc", "abd"]
    out = []
    for i in range(n):
        if i == n - 4:
            words = [Sub("abc"), Sub("zzz")]
        w = words[i % 2]
        out.append((w.startswith("ab"), "b" in w, w == "abc", w[0], len(w), w + "!", f"{w}", f"{w:>5}", w.upper()))
    return out[-6:]


print(meets_subclass(600))
