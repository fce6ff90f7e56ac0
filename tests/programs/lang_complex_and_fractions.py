# Numbers that are neither int nor float: complex, Fraction, Decimal, numpy-like classes, mixed with plain ones.
# native: no
from decimal import Decimal, getcontext
from fractions import Fraction


def julia(n):
    c = complex(-0.4, 0.6)
    count = 0
    for i in range(n):
        z = complex(i / n, -i / n)
        for _ in range(20):
            z = z * z + c
            if abs(z) > 2:
                break
            count += 1
    return count, z


def harmonic(n):
    total = Fraction(0)
    for i in range(1, n):
        total += Fraction(1, i)
    return total.numerator % 10**9, total.denominator % 10**9


def money(n):
    getcontext().prec = 20
    balance = Decimal("100.00")
    for i in range(n):
        balance += balance * Decimal("0.001") - i % 3
        if i % 50 == 0:
            balance = balance.quantize(Decimal("0.01"))
    return balance


def mixed(n):
    total = 0
    for i in range(n):
        total += (1, 1.5, 2j, Fraction(1, 2), True)[i % 5 if i < n - 1 else 0] if i % 7 else i
        if isinstance(total, complex):
            total = total.real + total.imag
    return total


print(julia(120))
print(harmonic(150))
print(money(500))
print(mixed(900))
for bad in (lambda: Fraction(1) + Decimal(1), lambda: 1j < 2, lambda: Fraction(1, 0), lambda: 1j // 2):
    for _ in range(60):
        try:
            bad()
        except (TypeError, ZeroDivisionError) as error:
            text = str(error)
    print(text)
