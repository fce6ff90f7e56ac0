"""Expressions of generated programs, by the kind of value they usually have."""

SMALL = (0, 1, -1, 2, 3, 7, -7, 10, 255, 256, 257, -5, -6)
EDGES = tuple(
    sign * ((1 << bits) + delta)
    for bits in (29, 30, 31, 53, 59, 60, 61, 62, 63, 64)
    for delta in (-1, 0, 1)
    for sign in (1, -1)
)
FLOATS = ("0.0", "-0.0", "0.5", "-1.5", "3.25", "1e10", "-1e-5", "1e300", "inf", "nan", "5e-324")
DIVISORS = ("2", "3", "7", "-7", "10", "64", "-1", "1", "0.5", "-1.5", "8589934592", "-3")
STRINGS = ("''", "'a'", "'abc'", "'\\u00e9'", "'\\U0001f600z'", "'0'")
COMPARE = ("<", "<=", "==", "!=", ">", ">=")
# One local per kind may turn into another kind now and then.
SURPRISE = 0.012


class Expressions:
    def __init__(self, source):
        self.random = source
        self.lines = []
        self.depth = 0
        self.counters = []
        self.cells = ()
        self.suspend = None

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, choices):
        return self.random.choice(choices)

    def choose(self, *weighted):
        """Chooses among pairs of a weight and a function, and calls it."""
        weights, functions = zip(*weighted)
        return self.random.choices(functions, weights)[0]()

    def emit(self, text):
        for line in text.splitlines() or [""]:
            self.lines.append("    " * self.depth + line if line else "")

    # Atoms

    def counter(self):
        if not self.counters:
            return "3"
        return self.counters[-1] if self.chance(0.7) else self.pick(self.counters)

    def integer_constant(self):
        return repr(self.pick(SMALL if self.chance(0.8) else EDGES))

    def local(self, kind):
        names = {"i": ("i0", "i1", "i2"), "f": ("f0", "f1"), "x": ("x0", "x1"), "o": ("o0", "o1")}
        return self.pick(names.get(kind, (kind + "0",)) + (self.cells if kind in "if" else ()))

    def anything(self, depth=0):
        return self.expression(self.pick("iiiffxxsldtonc"), depth)

    def atom(self, kind):
        if kind == "i":
            return self.choose(
                (6, lambda: self.local("i")),
                (4, self.counter),
                (4, self.integer_constant),
                (1, lambda: "scale"),
                (1, lambda: f"{self.local('o')}.{self.pick(('p', 'q', 'weight'))}"),
                (1, lambda: f"{self.local('l')}[{self.index()}]"),
            )
        if kind == "f":
            return self.pick((self.local("f"), self.pick(FLOATS), self.local("f")))
        if kind == "s":
            return self.pick((self.local("s"), self.pick(STRINGS), self.local("s")))
        return self.local(kind)

    def index(self):
        return self.choose(
            (6, lambda: self.pick(("0", "-1", "1", "True", "-2"))),
            (6, lambda: f"{self.counter()} {self.pick(('% 2', '& 1', '% 3 - 2'))}"),
            (0.7, lambda: self.pick(("2", "5", "-9", f"{self.counter()} % 7", self.local("i")))),
        )

    def slice(self):
        part = ("", "", "1", "-1", "2", "0", "None", self.counter() + " % 4", self.local("i"))
        step = self.pick(("", "", "", ":2", ":-1", ":0" if self.chance(0.1) else ":1"))
        return f"{self.pick(part)}:{self.pick(part)}{step}"

    # Expressions

    def expression(self, kind, depth=0):
        if self.chance(SURPRISE):
            kind = self.pick("ifxslto")
        if depth > 2 or (depth and self.chance(0.3)):
            return self.atom(kind)
        return getattr(self, "expression_" + kind)(depth + 1)

    def expression_i(self, d):
        def i():
            return self.expression("i", d)

        def o():
            return self.local("o")

        return self.choose(
            (10, lambda: self.atom("i")),
            (22, lambda: f"({i()} {self.pick('++--*')} {i()})"),
            (8, lambda: f"({i()} {self.pick(('//', '%', '%'))} {self.divisor()})"),
            (3, lambda: f"(whole({i()}) {self.pick(('<<', '>>'))} ({self.counter()} % 66))"),
            (2, lambda: f"(whole({i()}) >> {self.pick(('1', '30', '63', '64'))})"),
            (4, lambda: f"(whole({i()}) {self.pick('&|^')} whole({i()}))"),
            (2, lambda: f"(~whole({i()}) & {self.integer_constant()})"),
            (2, lambda: f"(-{i()})"),
            (2, lambda: f"({i()} if {self.condition(d)} else {i()})"),
            (3, lambda: f"plain({i()}, {i()})"),
            (3, lambda: f"{o()}.get({i()})"),
            (2, lambda: self.call(d)),
            (1, lambda: f"len({self.pick((self.local('l'), self.local('s'), self.local('d')))})"),
            (1, lambda: f"{self.local('l')}[{self.index()}]"),
            (1, lambda: f"{self.local('t')}[{self.index()}]"),
            (1, lambda: f"{self.local('d')}.get({self.key()}, {i()})"),
            (1, lambda: f"divmod({i()}, {self.divisor()})[{self.pick('01')}]"),
            (1, lambda: f"{self.pick(('min', 'max'))}({i()}, {i()})"),
            (1, lambda: f"abs({i()})"),
            (1, lambda: f"int({self.expression('f', d)})"),
            (1, lambda: f"({i()} ** {self.pick('0123')})"),
            (1, lambda: f"caught({i()})"),
            (0.5, lambda: f"risky({i()})"),
            (0.3, lambda: f"fall({self.pick('0123')}, {i()})"),
            (1, lambda: f"even({self.counter()} % {self.pick(('4', '30'))})"),
            (1, lambda: f"sum({self.comprehension(d)})"),
            (1, lambda: f"({self.local('i')} := {i()})"),
            (1, lambda: f"opaque(rescale, {self.counter()})"),
            (0.3, lambda: f"opaque(act, {o()}, {self.counter()})"),
            (0.5, lambda: f"int({i()} {self.pick(COMPARE)} {i()})"),
            (0.5, lambda: f"len(str({i()}))"),
            (0.3, lambda: f"hash({i()})"),
        )

    def divisor(self):
        if self.chance(0.8):
            return self.pick(DIVISORS)
        return f"({self.atom('i')} or 3)" if self.chance(0.85) else self.atom("i")

    def expression_f(self, d):
        def f():
            return self.expression("f", d)

        return self.choose(
            (8, lambda: self.atom("f")),
            (20, lambda: f"({f()} {self.pick('+-*')} {f()})"),
            (6, lambda: f"({f()} {self.pick('+-*')} {self.expression('i', d)})"),
            (4, lambda: f"({self.expression('i', d)} / {self.divisor()})"),
            (3, lambda: f"({f()} {self.pick(('/', '//', '%'))} {self.divisor()})"),
            (1, lambda: f"({f()} ** {self.pick(('2', '0.5', '-1', '0'))})"),
            (2, lambda: f"(-{f()})"),
            (1, lambda: f"abs({f()})"),
            (1, lambda: f"float({self.expression('i', d)})"),
            (1, lambda: f"{self.local('o')}.get({f()})"),
            (1, lambda: f"round({f()}, 1)"),
            (2, lambda: f"({f()} if {self.condition(d)} else {f()})"),
            (1, lambda: f"plain({f()}, {self.pick(FLOATS)})"),
        )

    def expression_x(self, d):
        return self.choose(
            (6, lambda: self.local("x")),
            (4, lambda: self.atom(self.pick("ifsltond"))),
            (1, lambda: f"({self.local('x')} + {self.expression(self.pick('ifx'), d)})"),
            (1, lambda: f"({self.expression(self.pick('if'), d)} + {self.local('x')})"),
            (2, lambda: self.pick(("None", "True", "False", "Int(3)", "Float(2)", "Text('q')"))),
            (1, lambda: f"Number({self.expression('i', d)})"),
            (1, lambda: f"({self.atom('x')} or {self.atom('i')})"),
            (1, lambda: f"({self.atom('x')} and {self.atom('f')})"),
            (1, lambda: f"{self.local('o')}.both"),
            (1, lambda: f"getattr({self.local('o')}, {self.pick(STRINGS)}, {self.atom('i')})"),
            (0.3, lambda: f"{self.local('o')}.{self.pick(('ghost', 'extra', 'nothing'))}"),
            (1, lambda: f"{self.local('l')}[{self.index()}]"),
            (0.3, lambda: f"{self.local('d')}[{self.key()}]"),
        )

    def expression_s(self, d):
        def s():
            return self.expression("s", d) if d < 2 else self.atom("s")

        return self.choose(
            (5, lambda: self.atom("s")),
            (6, lambda: f"({s()} + {s()})"),
            (3, lambda: f"{s()}[{self.index()}]"),
            (2, lambda: f"{s()}[{self.slice()}]"),
            (3, lambda: f"str({self.expression('i', d)})"),
            (2, lambda: f"f'{{{self.local('i')}}}-{{{self.local('f')}!r}}'"),
            (1, lambda: f"f'{{{self.counter()}:>3}}'"),
            (1, lambda: f"{s()}.join([{s()}, {s()}])"),
            (1, lambda: f"{s()}.{self.pick(('upper()', 'strip()', 'title()'))}"),
            (1, lambda: f"({s()} * ({self.counter()} % 3))"),
            (1, lambda: f"'%s' % ({self.atom('x')},)"),
            (1, lambda: f"chr({self.counter()} % 300)"),
        )

    def expression_l(self, d):
        return self.choose(
            (3, lambda: self.local("l")),
            (3, lambda: f"[{self.expression('i', d)}, {self.expression('f', d)}]"),
            (2, lambda: f"[{self.local('x')}, *{self.local('l')}]"),
            (2, lambda: f"{self.local('l')}[{self.slice()}]"),
            (3, lambda: "[" + self.comprehension(d) + "]"),
            (1, lambda: f"({self.local('l')} + [{self.atom('i')}])"),
            (1, lambda: f"list({self.iterable()})"),
        )

    def expression_t(self, d):
        return self.choose(
            (3, lambda: self.local("t")),
            (3, lambda: f"({self.expression('i', d)}, {self.anything(d + 1)})"),
            (1, lambda: f"(*{self.local('t')}, {self.atom('i')})[-3:]"),
            (1, lambda: f"{self.local('t')}[{self.slice()}]"),
            (1, lambda: f"tuple({self.iterable()})"),
        )

    def expression_d(self, d):
        return self.choose(
            (3, lambda: self.local("d")),
            (2, lambda: f"{{{self.key()}: {self.expression('i', d)}, 'a': {self.atom('x')}}}"),
            (1, lambda: f"{{**{self.local('d')}, {self.key()}: 1}}"),
            (1, lambda: f"{{k: {self.atom('i')} for k in {self.iterable()}}}"),
            (1, lambda: f"dict(a={self.atom('i')}, b={self.atom('f')})"),
        )

    def expression_o(self, d):
        return self.choose(
            (4, lambda: self.local("o")),
            (3, lambda: f"{self.pick(('Base', 'Derived'))}({self.expression('i', d)})"),
            (1, lambda: f"Slotted({self.expression('i', d)}, {self.atom('f')})"),
            (1, lambda: f"{self.local('o')}.put({self.expression('i', d)})"),
        )

    def expression_n(self, d):
        names = ("'m'", self.counter(), self.local("i"))
        return self.pick(
            (self.local("n"), f"Noisy({self.pick(names)})", f"({self.local('n')} + 1)")
        )

    def expression_c(self, d):
        values = (
            self.local("c"),
            f"counter({self.counter()})",
            self.local("o") + ".get",
            f"(lambda v={self.local('i')}, *w: v + {self.local('i')})",
            f"(lambda *w, i=i: len(w) + {self.local('f')})",
            "plain",
            "caught",
            "Base.twice",
        )
        return self.pick(values)

    def key(self):
        return self.choose(
            (3, lambda: self.pick(("'a'", "'b'", "0", "1", "1.0", "True", "None", "2", "nan"))),
            (3, lambda: f"{self.counter()} % 4"),
            (1, lambda: self.local("i")),
            (1, lambda: self.local("s")),
            (1, lambda: self.local("t")),
            (0.3, lambda: self.local("x")),
        )

    def iterable(self):
        return self.choose(
            (4, lambda: f"range({self.counter()} % 5)"),
            (1, lambda: f"range({self.local('i')}, {self.local('i')} + 3)"),
            (1, lambda: f"range(9, {self.counter()} % 4, -{self.pick('123')})"),
            (3, lambda: self.local("l")),
            (2, lambda: self.local("t")),
            (1, lambda: self.local("s")),
            (1, lambda: f"list({self.local('d')})"),
            (1, lambda: f"{self.local('d')}.{self.pick(('values()', 'keys()'))}"),
            (1, lambda: f"Stepper({self.counter()} % 4)"),
            (1, lambda: self.local("o")),
            (2, lambda: f"count_up({self.counter()} % 4)"),
            (1, lambda: f"chain({self.counter()} % 3)"),
            (1, lambda: f"reversed({self.local('l')})"),
            (1, lambda: f"(v for v in {self.local('t')})"),
            (1, lambda: f"map({self.local('c')}, {self.local('l')})"),
        )

    def comprehension(self, d):
        condition = f" if {self.condition(d)}" if self.chance(0.3) else ""
        value = self.pick(("v", "v", f"v * {self.local('i')}", f"(lambda: v)() + {self.atom('f')}"))
        return f"{value} for v in {self.iterable()}{condition}"

    def call(self, d):
        def i():
            return self.expression("i", d)

        return self.choose(
            (4, lambda: f"{self.local('c')}({i()})"),
            (1, lambda: f"{self.local('c')}()"),
            (2, lambda: f"plain({i()}, key={i()})"),
            (1, lambda: f"plain(*{self.local('t')})"),
            (1, lambda: f"plain({i()}, *{self.local('l')}, z=1)"),
            (1, lambda: f"plain({i()}, **{{'key': {self.atom('f')}}})"),
            (1, lambda: f"plain(v={i()}, u={i()})"),
            (0.5, lambda: f"plain(w={i()})"),
            (2, lambda: f"{self.local('o')}({i()}, a={i()})"),
            (1, lambda: f"{self.local('o')}.twice({i()})"),
            (1, lambda: f"{self.local('o')}.put({i()}).p"),
            (1, lambda: f"Base({i()}).get({i()})"),
            (1, lambda: f"(lambda a, b=2: a - b)({i()})"),
            (1, lambda: f"isinstance({self.atom('x')}, (int, str))"),
        )

    def condition(self, depth=0):
        return self.choose(
            (5, lambda: f"{self.counter()} % {self.pick((2, 3, 5, 17))} == {self.pick((0, 1))}"),
            (3, lambda: f"{self.counter()} {self.pick(COMPARE)} {self.random.randrange(120)}"),
            (5, lambda: f"{self.expression('i', 2)} {self.pick(COMPARE)} {self.atom('i')}"),
            (3, lambda: f"{self.expression('f', 2)} {self.pick(COMPARE)} {self.atom('f')}"),
            (1, lambda: f"{self.atom('i')} < {self.atom('f')} <= {self.atom('i')}"),
            (
                2,
                lambda: (
                    f"{self.atom('x')} {self.pick(('is', 'is not'))} {self.atom(self.pick('xif'))}"
                ),
            ),
            (1, lambda: f"{self.atom('x')} is None"),
            (
                2,
                lambda: (
                    f"{self.atom(self.pick('xfi'))} {self.pick(('in', 'not in'))} {self.local('l')}"
                ),
            ),
            (1, lambda: f"{self.key()} in {self.local('d')}"),
            (1, lambda: f"{self.atom('s')} {self.pick(('==', '<', 'in'))} {self.atom('s')}"),
            (1, lambda: f"{self.atom('i')} in {self.local('o')}"),
            (2, lambda: self.atom(self.pick("ixslfo"))),
            (1, lambda: f"not {self.condition(depth + 1)}" if depth < 2 else "True"),
            (1, lambda: f"({self.atom('i')} and {self.atom('f')})"),
            (0.4, lambda: f"{self.atom('x')} {self.pick(COMPARE)} {self.atom('i')}"),
        )
