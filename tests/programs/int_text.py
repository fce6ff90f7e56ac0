# int to text and back inside loops; formats, bit_length, to_bytes, conversions that fail.
# native: no


def digits(n):
    total = 0
    for i in range(n):
        x = i * i * i * i * i * i * 7919
        s = str(x)
        total += int(s[::-1]) % 9973 + len(s)
        if int(s) != x or int(hex(x), 16) != x or int(f"{x:_}") != x:
            raise AssertionError(x)
    return total


def formats(n):
    out = []
    for i in range(n):
        x = (i - n // 2) ** 3
        line = f"{x:+08d}|{x:x}|{x:#o}|{x:,}|{x:>6}|{x!r}|{x & 255:08b}"
        if i % 97 == 0:
            out.append(line)
    return out


def failures(texts, n):
    good = bad = 0
    last = None
    for i in range(n):
        try:
            good += int(texts[i % len(texts)])
        except ValueError as error:
            bad += 1
            last = str(error)
    return good, bad, last


def lengths(n):
    total = 0
    x = 1
    for i in range(n):
        x = x * 3 if x.bit_length() < 100 else x >> 90
        total += x.bit_length() + x.bit_count()
        total += len(x.to_bytes(16, "little", signed=True).rstrip(b"\0"))
    return total, x


print(digits(700))
print("\n".join(formats(600)))
print(failures(["12", " 7 ", "x", "-3", "", "1_0", "0x1"], 700))
print(lengths(900))
print(int(1e18), int(-1.99), int(2.0**70), round(2.5), round(3.5), round(-0.5), int(True))
