# Loops at module level: variables live in a dict, are read by functions, rebound through globals().
# native: stressed

s = 0
for i in range(1500):
    s += i * i % 7
print(s, i)

x = 0.5
n = 0
while n < 900:
    x = x * 1.01 - 0.25
    n += 1
print(x, n)


def reads():
    return total + k


def writes(v):
    global total
    total = v


total = 0
for k in range(1000):
    total += 1
    if reads() != total + k:
        raise AssertionError
    if k == 500:
        writes(10.5)
    if k == 700:
        globals()["total"] = 1 << 63
print(total)

grid = [[0] * 20 for _ in range(20)]
for row in range(20):
    for column in range(20):
        if (row * column) % 3 == 1:
            continue
        grid[row][column] = row - column
print(sum(map(sum, grid)), grid[3][:5])

count = 0
for value in (v * 2 for v in range(600)):
    count += value
    if value == 800:
        del count
        count = 1000
print(count)

errors = 0
for j in range(700):
    try:
        errors += missing
    except NameError:
        errors += 1
    if j == 350:
        missing = 2
    if j == 400:
        del missing
print(errors)

names = {}
for j in range(500):
    globals()[f"variable_{j % 40}"] = j
    names[j % 40] = globals()[f"variable_{j % 40}"]
print(variable_7, sum(names.values()), variable_39)


class Holder:
    items = []
    for q in range(300):
        items.append(q * 2)
        if q > 250:
            items.pop()


print(len(Holder.items), Holder.q)

for s in range(400):
    for s in range(3):
        pass
print(s)

print = (lambda original: lambda *a: original("[shadowed]", *a))(print)
for j in range(300):
    if j == 299:
        print(j)
        del print
        print(j)
