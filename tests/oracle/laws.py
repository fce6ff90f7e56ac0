"""The laws of crates/opt/src/int_rules.rs at 64 bits, for Z3: laws.py reads their names, a line each.

Each law is a claim that Z3 is to prove by refuting its negation, or a reason why it is left to
enumeration. A name without a law here, and a law without a name, are errors. Integers are Z3's
unbounded ones where the law is about sums, products and order, and vectors of bits where it is
about bits. `x`, `y` are the operands, `al..ah` and `bl..bh` their ranges.
"""

import sys

import z3

LEAST, MOST = -(1 << 63), (1 << 63) - 1
BITS = 64
x, y, al, ah, bl, bh = z3.Ints("x y al ah bl bh")
q, r = z3.Ints("q r")
X, Y, AL, AH, BL, BH, N = z3.BitVecs("x y al ah bl bh n", BITS)
rx, ry, ral, rah, rbl, rbh = z3.Reals("x y al ah bl bh")


def fits(v):
    return z3.And(LEAST <= v, v <= MOST)


def clamp(v):
    return z3.If(v < LEAST, LEAST, z3.If(v > MOST, MOST, v))


def ranges(*more):
    """Operands are in their ranges, which are ranges of machine integers."""
    known = [LEAST <= al, al <= x, x <= ah, ah <= MOST, LEAST <= bl, bl <= y, y <= bh, bh <= MOST]
    return z3.And(*known, *more)


def bit_ranges(*more):
    return z3.And(AL <= X, X <= AH, BL <= Y, Y <= BH, *more)


def least(*of):
    out = of[0]
    for v in of[1:]:
        out = z3.If(v < out, v, out)
    return out


def most(*of):
    out = of[0]
    for v in of[1:]:
        out = z3.If(v > out, v, out)
    return out


def between(lo, v, hi):
    return z3.And(lo <= v, v <= hi)


def sum_fits(result, lo, hi):
    known = ranges(fits(lo), fits(hi))
    return z3.Implies(known, z3.And(fits(result), between(lo, result, hi)))


def sum_range(result, lo, hi):
    return z3.Implies(ranges(fits(result)), between(clamp(lo), result, clamp(hi)))


def product_range():
    """Over the reals, of which the integers are a part: a product is between its corners.

    It is linear in each factor, so it is enough to go to the corners one factor at a time.
    """
    one = z3.Implies(
        z3.And(ral <= rx, rx <= rah),
        z3.And(least(ral * ry, rah * ry) <= rx * ry, rx * ry <= most(ral * ry, rah * ry)),
    )
    other = z3.Implies(
        z3.And(rbl <= ry, ry <= rbh),
        z3.And(
            least(rbl * ral, rbh * ral) <= ral * ry,
            ral * ry <= most(rbl * ral, rbh * ral),
            least(rbl * rah, rbh * rah) <= rah * ry,
            rah * ry <= most(rbl * rah, rbh * rah),
        ),
    )
    return [one, other]


def wide(v):
    return z3.SignExt(BITS, v)


def power_of_two_quotient():
    """`x >> k` is the floor of `x / 2**k`: 2**k * (x >> k) <= x < 2**k * (x >> k) + 2**k."""
    claims = []
    for k in range(1, 63):
        product = wide(X >> k) << k
        claims.append(z3.And(product <= wide(X), wide(X) < product + (1 << k)))
    return claims


def power_of_two_remainder():
    """`x & (2**k - 1)` is in 0..2**k, and what is taken off is divisible by 2**k."""
    claims = []
    for k in range(0, 63):
        rest = X & ((1 << k) - 1)
        taken = wide(X) - wide(rest)
        claims.append(z3.And(rest >= 0, rest < 1 << k, (taken >> k) << k == taken))
    return claims


def smear(v):
    """All bits below the highest one."""
    for k in (1, 2, 4, 8, 16, 32):
        v = v | z3.LShR(v, k)
    return v


def shifts_left():
    """`x << k`, which leaves unless the product fits."""
    return [
        z3.Implies(
            ranges(fits(x * (1 << k))),
            between(clamp(al * (1 << k)), x * (1 << k), clamp(ah * (1 << k))),
        )
        for k in range(63)
    ]


def division(*known):
    """`x == q * y + r`, rounded down, for a positive divisor."""
    return ranges(bl >= 1, x == q * y + r, 0 <= r, r < y, *known)


def right_shift_range():
    """A shift is monotone in each operand, so it is enough to go to the corners one at a time."""
    counts = z3.And(0 <= BL, BL <= Y, Y <= BH, BH <= 63)
    return [
        z3.Implies(z3.And(counts, AL <= X), AL >> Y <= X >> Y),
        z3.Implies(
            counts,
            z3.And(
                least(X >> BL, X >> BH) <= X >> Y,
                X >> Y <= most(X >> BL, X >> BH),
            ),
        ),
    ]


def quotient_range():
    """So is a quotient rounded down, by a positive divisor; `q * y + r` is the dividend."""
    q2, r2 = z3.Ints("q2 r2")
    one = z3.And(x == q * y + r, 0 <= r, r < y, y >= 1)
    other_dividend = z3.And(al == q2 * y + r2, 0 <= r2, r2 < y)
    other_divisor = z3.And(x == q2 * bl + r2, 0 <= r2, r2 < bl, bl >= 1)
    return [
        z3.Implies(z3.And(one, other_dividend, al <= x), q2 <= q),
        z3.Implies(z3.And(one, other_divisor, bl <= y, x >= 0), q2 >= q),
        z3.Implies(z3.And(one, other_divisor, bl <= y, x < 0), q2 <= q),
    ]


def index(i, n):
    return z3.If(i < 0, i + n, i)


TIMEOUT_MS = 20_000
ENUMERATED = "all ranges and values of small widths were tried"

LAWS = {
    "x + 0 == x": lambda: z3.Implies(fits(x), z3.And(fits(x + 0), x + 0 == x)),
    "0 + x == x": lambda: z3.Implies(fits(x), z3.And(fits(0 + x), 0 + x == x)),
    "x + y that fits needs no check": lambda: sum_fits(x + y, al + bl, ah + bh),
    "range of x + y": lambda: sum_range(x + y, al + bl, ah + bh),
    "x - 0 == x": lambda: z3.Implies(fits(x), z3.And(fits(x - 0), x - 0 == x)),
    "x - x == 0": lambda: x - x == 0,
    "x - y that fits needs no check": lambda: sum_fits(x - y, al - bh, ah - bl),
    "range of x - y": lambda: sum_range(x - y, al - bh, ah - bl),
    "x * 0 == 0": lambda: z3.And(x * 0 == 0, 0 * x == 0),
    "x * 1 == x": lambda: x * 1 == x,
    "1 * x == x": lambda: 1 * x == x,
    "x * y that fits needs no check": product_range,
    "range of x * y": product_range,
    "x * x >= 0": lambda: rx * rx >= 0,
    "x // 1 == x": lambda: z3.Implies(z3.And(x == q * 1 + r, 0 <= r, r < 1), q == x),
    "x // 2**k == x >> k": power_of_two_quotient,
    "range of x // y": quotient_range,
    "0 <= x < m: x % m == x": lambda: z3.Implies(division(0 <= al, ah < bl), r == x),
    "x % 1 == 0": lambda: z3.Implies(z3.And(x == q * 1 + r, 0 <= r, r < 1), r == 0),
    "constant % constant": "the same function computes it: " + ENUMERATED,
    "x % 2**k == x & (2**k - 1)": power_of_two_remainder,
    "range of x % m": lambda: z3.Implies(
        division(), z3.And(0 <= r, r <= bh - 1, z3.Implies(al >= 0, r <= ah))
    ),
    "x & x == x": lambda: X & X == X,
    "constant & constant": "the same function computes it: " + ENUMERATED,
    "0 <= x & y <= min(x, y)": lambda: z3.Implies(
        bit_ranges(AL >= 0, BL >= 0), z3.And((X & Y) >= 0, (X & Y) <= AH, (X & Y) <= BH)
    ),
    "0 <= x & m <= m": lambda: z3.Implies(bit_ranges(BL >= 0), z3.And((X & Y) >= 0, (X & Y) <= BH)),
    "0 <= m & x <= m": lambda: z3.Implies(bit_ranges(AL >= 0), z3.And((X & Y) >= 0, (X & Y) <= AH)),
    "x | x == x": lambda: X | X == X,
    "x ^ x == 0": lambda: X ^ X == 0,
    "constant | constant": "the same function computes it: " + ENUMERATED,
    "x | y has no more bits than x and y": lambda: [
        z3.Implies(bit_ranges(AL >= 0, BL >= 0), z3.And(result >= 0, result <= smear(AH | BH)))
        for result in (X | Y, X ^ Y)
    ],
    "constant << constant": "the same function computes it: " + ENUMERATED,
    "range of x << k": shifts_left,
    "range of x >> k": right_shift_range,
    "-x == 0 - x": lambda: z3.Implies(
        ranges(al > LEAST), z3.And(fits(0 - x), 0 - x == -x, between(-ah, -x, -al))
    ),
    "range of -x": lambda: z3.Implies(z3.And(fits(x), fits(-x)), between(-MOST, -x, MOST)),
    "range of ~x": lambda: z3.Implies(z3.And(AL <= X, X <= AH), z3.And(~AH <= ~X, ~X <= ~AL)),
    "x without 0 is true": lambda: z3.Implies(ranges(z3.Or(al > 0, ah < 0)), x != 0),
    "0 is false": lambda: z3.Implies(ranges(al == 0, ah == 0), x == 0),
    "x < y by ranges": lambda: z3.Implies(ranges(ah < bl), x < y),
    "not x < y by ranges": lambda: z3.Implies(ranges(z3.Or(x == y, al >= bh)), z3.Not(x < y)),
    "x <= y by ranges": lambda: z3.Implies(ranges(z3.Or(x == y, ah <= bl)), x <= y),
    "not x <= y by ranges": lambda: z3.Implies(ranges(al > bh), z3.Not(x <= y)),
    "x == x": lambda: z3.Implies(
        ranges(z3.Or(x == y, z3.And(al == ah, bl == bh, al == bl))), x == y
    ),
    "x != y by ranges": lambda: z3.Implies(ranges(z3.Or(ah < bl, bh < al)), x != y),
    "0 <= x < n by ranges": lambda: z3.Implies(bit_ranges(AL >= 0, AH < BL), z3.ULT(X, Y)),
    "not 0 <= x < n by ranges": lambda: z3.Implies(
        bit_ranges(BL >= 0, z3.Or(AH < 0, AL >= BH)), z3.Not(z3.ULT(X, Y))
    ),
    "x < y bounds both": lambda: z3.Implies(ranges(x < y), z3.And(x <= bh - 1, y >= al + 1)),
    "x <= y bounds both": lambda: z3.Implies(ranges(x <= y), z3.And(x <= bh, y >= al)),
    "x == y shares ranges": lambda: z3.Implies(
        ranges(x == y), z3.And(between(bl, x, bh), between(al, y, ah))
    ),
    "x != y takes an end off": lambda: z3.Implies(
        ranges(x != y, bl == bh),
        z3.And(z3.Implies(bl == al, x >= al + 1), z3.Implies(bl == ah, x <= ah - 1)),
    ),
    "0 <= x < n bounds both": lambda: z3.Implies(
        bit_ranges(BL >= 0, z3.ULT(X, Y)),
        z3.And(X >= 0, X <= BH - 1, Y >= z3.If(AL > 0, AL, 0) + 1),
    ),
    "an index that is not negative counts from the front": lambda: z3.Implies(
        z3.And(AL <= X, AL >= 0), index(X, N) == X
    ),
    "an index that was in range is in -n..n": lambda: z3.Implies(
        bit_ranges(BL >= 0, z3.ULT(index(X, Y), Y)), z3.And(-BH <= X, X <= BH - 1)
    ),
}


def verdict(law):
    """None where it is proved, else why not."""
    if isinstance(law, str):
        return law
    claims = law()
    for claim in claims if isinstance(claims, list) else [claims]:
        solver = z3.Solver()
        solver.set("timeout", TIMEOUT_MS)
        solver.add(z3.Not(claim))
        result = solver.check()
        if result == z3.sat:
            return f"WRONG: {solver.model()}"
        if result == z3.unknown:
            return f"Z3 found no proof in {TIMEOUT_MS // 1000} s: {ENUMERATED}"
    return None


def main():
    names = sys.stdin.read().splitlines()
    wrong = [f"no statement for Z3: {name}" for name in names if name not in LAWS]
    wrong += [f"no law of this name: {name}" for name in LAWS if name not in names]
    proved = 0
    for name in names:
        if name not in LAWS:
            continue
        why_not = verdict(LAWS[name])
        proved += why_not is None
        if why_not is not None:
            print(f"not proved: {name} ({why_not})", flush=True)
            if why_not.startswith("WRONG"):
                wrong.append(name)
    print(f"Z3 proved {proved} of {len(names)} laws at {BITS} bits")
    for line in wrong:
        print("error:", line)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
