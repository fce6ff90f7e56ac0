# Strings in hot loops: +=, indexing, slicing, f-strings, %, join, comparison, non-ASCII kinds, bytes.
# native: no


def concatenate(n):
    s = ""
    alias = None
    for i in range(n):
        s += chr(97 + i % 26)
        if i == n // 2:
            alias = s
    return len(s), len(alias), s[-5:], alias[-5:]


def kinds(n):
    """The string's width grows from 1 to 2 to 4 bytes a character on the way."""
    s = ""
    for i in range(n):
        s = s + ("a" if i < 200 else "é" if i < 300 else "€" if i < 400 else "😀")
    return len(s), s[199:202], s[-1], s.encode()[-4:]


def formats(n):
    out = []
    for i in range(n):
        x = i / 7
        out.append(f"{i:04d} {x:.3f} {x!r:.6} {'odd' if i % 2 else 'even':>5} {{}} {i=}")
        out.append("%s-%05.1f-%x" % (i, x, i))
        out.append("{0}/{name}".format(i, name=i * 2))
    return len("".join(out)), out[-3:]


def palindromes(n):
    count = 0
    for i in range(n):
        s = str(i * i)
        a, b = 0, len(s) - 1
        while a < b:
            if s[a] != s[b]:
                break
            a += 1
            b -= 1
        else:
            count += 1
    return count


def caesar(text, shift):
    out = ""
    for c in text:
        if "a" <= c <= "z":
            out += chr((ord(c) - 97 + shift) % 26 + 97)
        else:
            out += c
    return out


def compare(n):
    words = ["ab", "abc", "b", "", "é", "ab" * 50]
    less = equal = 0
    for i in range(n):
        a, b = words[i % 6], words[i // 6 % 6]
        less += a < b
        equal += a == b
        less += (a in b) * 10
    return less, equal


def byte_work(n):
    b = bytearray(n)
    for i in range(n):
        b[i] = (i * 7 + b[i - 1]) & 255
    failures = 0
    for i in range(n):
        try:
            b[i] = i
        except ValueError:
            failures += 1
    total = 0
    for v in bytes(b):
        total += v
    return total, failures, bytes(b[:4])


def subclass(n):
    class S(str):
        def __add__(self, other):
            return S("<" + str(self)[-3:] + str(other) + ">")

    s = S("x")
    for i in range(n):
        s = s + "y"
    return s, type(s).__name__


text = "the quick brown fox, again and again; " * 15
print(
    concatenate(1500),
    kinds(500),
    palindromes(1200),
    compare(900),
    byte_work(700),
    subclass(400),
)
print(formats(300))
print(caesar(caesar(text, 3), -3) == text, caesar(text, 3)[:25])


def split_join(n):
    s = 0
    for i in range(n):
        parts = f"{i},{i + 1},,{i * 2}".split(",")
        s += len("".join(parts)) + sum(int(p or 0) for p in parts)
    return s


print(split_join(400))
