# &, |, ^ and ~ over signs and sizes; bools among them keep or lose their type.
# native: yes


def mix(x, y, n):
    for i in range(n):
        x = (x ^ (y << (i % 5))) & 0xFFFF_FFFF_FFFF_FFFF
        y = (y | i) ^ ~x
        if y < 0:
            y = ~y
        y &= (1 << 40) - 1
    return x, y


def signed(n):
    a = o = e = inverted = 0
    for i in range(-n, n):
        a += i & 0x0F0F
        a += i & -8
        o += i | 1
        o += i | -256
        e ^= i
        inverted += ~i
    return a, o, e, inverted


def bools(n):
    flag = True
    log = []
    for i in range(n):
        odd = i % 2 == 1
        both = flag & odd
        either = flag | odd
        differ = flag ^ odd
        mixed = flag & i
        if i > n - 3:
            log.append(
                (
                    both,
                    either,
                    differ,
                    mixed,
                    flag + odd,
                    flag * 3,
                    -flag,
                    +odd,
                    flag // 1,
                )
            )
        flag = differ
    return log


print(mix(1, 2, 1500))
print(mix(1 << 63, (1 << 64) - 1, 1500))
print(signed(700))
for row in bools(900):
    print(row, [type(x).__name__ for x in row])
print([type(~i).__name__ for i in (1 << 63, -1)], ~((1 << 63) - 1), ~-(1 << 63))
