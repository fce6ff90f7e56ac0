# bytes, bytearray and memoryview in hot loops: indexing, slices, iteration, growth, exports that forbid resizing.
# native: stressed
def checksum(data):
    a, b = 1, 0
    for byte in data:
        a = (a + byte) % 65521
        b = (b + a) % 65521
    return b << 16 | a


def reverse(data):
    out = bytearray(len(data))
    for i in range(len(data)):
        out[-i - 1] = data[i]
    return bytes(out)


def view(data):
    v = memoryview(data)
    total = 0
    for i in range(0, len(v), 3):
        total += v[i]
        v[i] = 255 - v[i]
    try:
        data.append(1)
    except BufferError as error:
        total += len(str(error))
    w = v[::2]
    total += w[-1] + len(w.tobytes())
    del v, w
    data.append(1)
    return total


def edges(data):
    out = []
    for i in (-6, -5, 0, 4, 5, True, 2**70):
        try:
            out.append(data[i])
        except IndexError as error:
            out.append(str(error))
    for value in (-1, 256, 1.0, "a"):
        try:
            b = bytearray(data)
            b[0] = value
        except (TypeError, ValueError) as error:
            out.append(str(error))
    return out


data = bytes(i * 37 % 256 for i in range(2000))
print(checksum(data), checksum(bytearray(data)), checksum(memoryview(data)))
print(reverse(data)[:8].hex(), reverse(bytearray(b"ab")))
print([view(bytearray(data)) for _ in range(3)])
for _ in range(60):
    result = edges(b"hello")
print(result)
parts = b""
for i in range(600):
    parts += b"%d," % i
print(len(parts), parts.count(b",1"), parts.find(b"599"), parts.split(b",")[300])
