# Generated functions with very long loop bodies, hundreds of locals and constants, far jumps, deep nesting.
# native: yes


def build(source, name="f"):
    namespace = {}
    exec(source, namespace)
    return namespace[name]


def many_locals(k):
    lines = ["def f(n):"]
    lines += [f"    v{j} = {j}" for j in range(k)]
    lines += ["    for i in range(n):"]
    lines += [f"        v{j} = v{(j + 1) % k} + i % {j + 2}" for j in range(k)]
    lines += ["    return " + " ^ ".join(f"v{j}" for j in range(k))]
    return build("\n".join(lines))


def long_expression(k):
    terms = " + ".join(f"(i * {j} - {j}.5)" if j % 5 else f"(i // {j + 1})" for j in range(k))
    return build(
        f"def f(n):\n    s = 0\n    for i in range(n):\n        s += {terms}\n    return s"
    )


def far_branches(k):
    lines = [
        "def f(n):",
        "    s = 0",
        "    i = 0",
        "    while i < n:",
        "        i += 1",
        "        if i % 3 == 0:",
    ]
    lines += [f"            s += {1000 + j}" for j in range(k)]
    lines += ["            continue", "        if i % 7 == 0:"]
    lines += [f"            s -= {70000 + j}" for j in range(k)]
    lines += ["        s ^= i", "    return s"]
    return build("\n".join(lines))


def deep_nest(depth, trip):
    lines = ["def f(n):", "    s = 0"]
    for d in range(depth):
        lines.append("    " * (d + 1) + f"for i{d} in range({trip} + n):")
    lines.append("    " * (depth + 1) + "s += " + " * ".join(f"(i{d} + 1)" for d in range(depth)))
    lines.append("    return s")
    return build("\n".join(lines))


def deep_calls(depth):
    """A chain of functions longer than anybody inlines."""
    lines = ["def g0(x):", "    return x + 1"]
    for d in range(1, depth):
        lines += [
            f"def g{d}(x):",
            f"    return g{d - 1}(x) + {d}" if d % 2 else f"    return g{d - 1}(x) * 0.5",
        ]
    lines += [
        "def f(n):",
        "    s = 0",
        "    for i in range(n):",
        f"        s += g{depth - 1}(i)",
        "    return s",
    ]
    return build("\n".join(lines))


def if_ladder(k):
    lines = [
        "def f(n):",
        "    s = 0",
        "    for i in range(n):",
        "        if i < 0:",
        "            pass",
    ]
    for j in range(k):
        lines += [
            f"        elif i % {k} == {j}:",
            f"            s += {j} * i" if j % 2 else f"            s = s * 0.5 + {j}",
        ]
    lines += ["    return s"]
    return build("\n".join(lines))


def many_arguments(k):
    names = ", ".join(f"a{j}" for j in range(k))
    lines = [f"def g({names}):", "    return " + " + ".join(f"a{j}" for j in range(k))]
    lines += [
        "def f(n):",
        "    s = 0",
        "    for i in range(n):",
        "        s += g(" + ", ".join(f"i + {j}" for j in range(k)) + ")",
    ]
    lines += ["    return s"]
    return build("\n".join(lines))


print(many_locals(8)(700), many_locals(300)(40), many_locals(60)(300))
print(long_expression(10)(600), long_expression(200)(250))
print(far_branches(3)(900), far_branches(400)(300))
print(deep_nest(5, 4)(0), deep_nest(9, 2)(0), deep_nest(3, 12)(0))
print(deep_calls(4)(500), deep_calls(40)(400), deep_calls(150)(100))
print(
    if_ladder(5)(800),
    if_ladder(100)(900),
    many_arguments(5)(500),
    many_arguments(200)(60),
)
