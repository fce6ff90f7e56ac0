"""Building strings: concatenation, f-strings, join, and characters one by one."""

N = 360_000


def run():
    text = ""
    parts = []
    for i in range(N):
        text += chr(97 + i % 26)
        if i % 3 == 0:
            parts.append(f"{i % 100:02}:{text[-1]}")
    vowels = 0
    shifted = []
    for char in text:
        if char in "aeiou":
            vowels += 1
            shifted.append(char.upper())
        else:
            shifted.append(char)
    return len(text), vowels, "".join(shifted)[:8], len(";".join(parts)), parts[-1]


EXPECTED = (360000, 69231, "AbcdEfgh", 599999, "97:b")
