"""Statements of generated programs."""

from expressions import COMPARE, EDGES, Expressions

ERRORS = (
    "ArithmeticError",
    "TypeError",
    "(ValueError, KeyError)",
    "LookupError",
    "Exception",
    "(AttributeError, TypeError, ArithmeticError)",
)
RAISED = (
    "ZeroDivisionError('raised')",
    "ValueError",
    "KeyError(i)",
    "TypeError('t')",
    "IndexError(str(i))",
)
WATCHING = ("trace(True)", "sys.setprofile(profiler)")


class Statements(Expressions):
    # Blocks

    def block(self, fewest=1, most=3):
        self.depth += 1
        before = len(self.lines)
        for _ in range(self.random.randint(fewest, most)):
            self.statement()
        if len(self.lines) == before:
            self.emit("pass")
        self.depth -= 1

    def loop(self, trips, fewest=3, most=8):
        counter = "ijk"[len(self.counters)]
        form = self.random.random()
        if form < 0.6 or not self.counters and form < 0.75:
            self.emit(f"for {counter} in range({trips}):")
        elif form < 0.75:
            self.emit(f"{counter} = 0")
            self.emit(f"for {self.pick(('x1', 'i2', counter, 'x0'))} in {self.iterable()}:")
            self.emit(f"    {counter} = 1")
        else:
            self.emit(f"{counter} = 0")
            self.emit(f"while {counter} < {trips}:")
            self.emit(f"    {counter} += 1")
        self.counters.append(counter)
        self.forgiving(fewest, most) if self.chance(0.6) else self.block(fewest, most)
        self.depth += 1
        for name in ("i0", "i1", "i2", *self.cells, "f0", "x0", "x1", "s0", "l0", "t0"):
            if name[0] in "ie" and self.chance(0.5):
                self.emit(
                    f"if not -{1 << 90} < {name} < {1 << 90}: {name} = {self.integer_constant()}"
                )
            else:
                self.emit(f"{name} = bound({name})")
        self.emit("if len(d0) > 6: d0.clear()")
        self.emit("if len(l0) < 2: l0 = [i, 2.5, 3]")
        self.depth -= 1
        self.counters.pop()
        if self.chance(0.1):
            self.emit("else:")
            self.block(1, 1)

    def forgiving(self, fewest, most):
        """Every other statement may raise; the loop goes on."""
        self.depth += 1
        for _ in range(self.random.randint(1, 3)):
            self.emit("try:")
            self.block(max(1, fewest // 2), max(1, most // 2))
            self.emit("except Exception as error:")
            self.emit("    note(describe(error)[:3])")
            if self.chance(0.5):
                self.block(1, 1)
        self.depth -= 1

    def statement(self):
        flat = self.depth < 5
        few = len(self.counters) < 3
        self.choose(
            (9, self.assign_integer),
            (5, self.assign_float),
            (4, self.assign_other),
            (5, self.augment),
            (3, self.store_item),
            (3, self.store_attribute),
            (2, self.dictionary),
            (2, self.lists),
            (2, self.unpack),
            (1, self.delete),
            (2, self.dying),
            (2, self.dying_operands),
            (1 * flat, self.mismatched),
            (3, self.call_for_effect),
            (2, self.note),
            (2, self.look_at_frames),
            (4, self.rarely),
            (1, self.jump_out),
            (5 * flat, self.branch),
            (3 * flat, self.attempt),
            (1 * flat, self.with_block),
            (1 * flat, self.match),
            (2 * (flat and few), self.inner_loop),
            (1 * flat, self.local_function),
            (1 * flat, self.generator),
            (3 * (self.suspend is not None), self.suspension),
        )

    # Simple statements

    def assign_integer(self):
        self.emit(f"{self.local('i')} = {self.expression('i')}")

    def assign_float(self):
        self.emit(f"{self.local('f')} = {self.expression('f')}")

    def assign_other(self):
        kind = self.pick("xxxsltoncd")
        self.emit(f"{self.local(kind)} = {self.expression(kind)}")

    def augment(self):
        kind = self.pick("iiiffxsl")
        if kind in "sl":
            # A list repeated or a string multiplied would grow too fast.
            self.emit(f"{self.local(kind)} += {self.expression(kind, 1)}")
            return
        operator = self.pick(("+=", "-=", "*=", "+=", "+=", "//=", "%="))
        right = self.divisor() if operator in ("//=", "%=") else self.expression(kind, 1)
        self.emit(f"{self.local(kind)} {operator} {right}")

    def store_item(self):
        self.choose(
            (5, lambda: self.emit(f"l0[{self.index()}] = {self.expression(self.pick('ifxn'), 1)}")),
            (1, lambda: self.emit(f"l0[{self.index()}] += {self.expression('i', 1)}")),
            (1, lambda: self.emit(f"l0[{self.slice()}] = {self.expression('l', 1)}")),
            (3, lambda: self.emit(f"d0[{self.key()}] = {self.expression(self.pick('ifxn'), 1)}")),
            (
                1,
                lambda: self.emit(
                    f"d0[{self.key()}] = d0.get({self.key()}, 0) + {self.expression('i', 1)}"
                ),
            ),
        )

    def store_attribute(self):
        name = self.pick(("p", "p", "p", "q", "weight", "extra"))
        operator = self.pick(("=", "=", "=", "+="))
        value = self.expression(self.pick("iifxn"), 1)
        self.emit(f"{self.local('o')}.{name} {operator} {value}")
        if operator == "+=":
            self.emit(f"{self.local('o')}.{name} = 1")

    def dictionary(self):
        ways = (
            f"d0.pop({self.key()}, None)",
            f"d0.setdefault({self.key()}, []).append(i) if i % 9 == 0 else None",
            f"d0.update({{{self.key()}: i}})",
            f"for k0 in d0:\n    x0 = d0[k0]\n    if i % 13 == 4: d0[{self.key()}] = x0",
            "for k0, x1 in d0.items():\n    i1 += 1",
            f"for k0 in list(d0):\n    if k0 != {self.key()}: del d0[k0]",
            f"x1 = d0.get({self.key()})",
        )
        self.emit(self.pick(ways))

    def lists(self):
        ways = (
            f"l0.append({self.expression(self.pick('ifxn'), 1)})",
            "x0 = l0.pop() if l0 else 0",
            f"l0.insert({self.index()}, {self.atom('i')})",
            "l0.reverse()",
            f"for x1 in l0:\n    if len(l0) < 9: l0.append({self.atom('i')})",
            "for k0, x0 in enumerate(l0):\n    if k0 > 2: del l0[k0]",
            f"for x0, x1 in zip(l0, {self.iterable()}):\n    i0 = k0 = 1",
            f"l0.extend({self.iterable()})",
            "l0 = sorted(l0, key=repr)",
        )
        self.emit(self.pick(ways))

    def unpack(self):
        ways = (
            f"i0, i1 = {self.expression('i', 1)}, {self.expression('i', 1)}",
            "i0, i1 = i1, i0",
            "i0, i1, i2 = i2, i0, i1",
            f"*x1, x0 = {self.counter()}, *{self.iterable()}",
            f"(i0, x0), i1 = (i1, i2), {self.atom('i')}",
            "x0, x1, *_ = t0",
            f"x0 = x1 = {self.expression('i', 1)}",
            "f0, f1 = f1, f0",
            "o0, o1 = o1, o0",
        )
        self.emit(self.pick(ways))

    def delete(self):
        name = self.pick(("x0", "x1", "i2", "n0"))
        again = self.expression("i", 1)
        self.emit(f"del {name}" if self.chance(0.3) else f"if i % 19 == 7:\n    del {name}")
        if self.chance(0.97):
            self.emit(f"{name} = {self.counter() if self.chance(0.8) else again}")

    def dying(self):
        ways = (
            "n0 = Noisy(i)",
            "n0 = None",
            "x0 = Noisy(0), i",
            "o0.p = Noisy(1)",
            "o0.p = 0",
            "l0.append(Noisy(2)) if i % 5 == 0 else None",
            "d0['n'] = Noisy(3)",
            "Noisy('t')",
            "plain(Noisy(4), Noisy(5)) if i % 17 == 0 else None",
            "n0 = Noisy(6) + 1",
            "x1 = [Noisy(7)][0].name",
        )
        self.emit(self.pick(ways))

    def mortal(self):
        name = self.pick((self.counter(), self.counter(), "1", "6"))
        return f"{self.pick(('Key', 'Holder'))}({name})"

    def dying_operands(self):
        """Operands that nobody else holds, of operations that are methods in Python."""
        mortal, compare = self.mortal(), self.pick(COMPARE)
        holder = f"Holder({self.counter()})"
        left = self.pick((mortal, mortal, self.mortal(), self.atom(self.pick("nix"))))
        right = self.pick((self.mortal(), self.mortal(), self.local("n")))
        container = self.pick((holder, holder, holder, "l0"))
        found = f"{left} {self.pick(('in', 'in', 'not in'))} {container}"
        item = f"{holder}[{self.pick((left, left, mortal))}]"
        # Under a hook CPython does not specialize this, and both die in the other order: docs/testing.md.
        read = f"{holder}[{self.atom(self.pick('nix'))}]" if self.watches else item
        ways = (
            found,
            f"x0 = {found}",
            f"if {found}: i1 = {self.counter()}",
            read,
            f"x1 = {read}",
            f"i0 = 1 if {read} else 2",
            f"{item} = {self.pick((right, self.atom('i')))}",
            f"del {item}",
            f"{mortal} {compare} {right}",
            f"x0 = {mortal} {compare} {right}",
            f"if {mortal} {compare} {right}: i2 = {self.counter()}",
            f"x1 = {mortal} < {self.mortal()} < {right}",
            f"x0 = not {left} == {mortal}",
        )
        self.emit(self.pick(ways))

    def mismatched(self):
        """An operation on values of any two kinds: mostly an exception, each time."""
        names = [self.local(kind) for kind in "ifsldto"]
        left, right = (self.pick((*names, "x0")) for _ in range(2))
        operator = self.pick(("+", "-", "/", "//", "%", "&", "|", "^", ">>", "@"))
        ways = (
            *(f"{left}[{right}]", f"{left}[{right}]", f"{left}[:{right}]"),
            *(f"{left} {operator} {right}", f"{left} {operator} {right}"),
            *(f"{left} {self.pick(COMPARE)} {right}", f"{left} in {right}"),
        )
        self.emit("try:")
        # Not to what it is made of, or that doubles each time.
        self.emit(f"    x1 = {self.pick(ways)}")
        self.emit("except Exception as error:")
        self.emit("    x1 = str(error)")

    def call_for_effect(self):
        self.emit(self.call(1) if self.chance(0.5) else f"x0 = {self.call(1)}")

    def note(self):
        self.emit(f"if i % {self.pick((7, 20, 31))} == 0:")
        self.emit(f"    note({self.anything(1)}, {self.atom('x')})")

    def look_at_frames(self):
        name = self.pick(("i0", "f0", "x0", "l0", "i1", "o0"))
        value = self.expression("i" if name[0] == "i" else self.pick("ifx"), 2)
        if name in ("l0", "o0"):
            value = name
        ways = (
            f"peek({name!r})",
            f"poke({name!r}, {value})",
            f"opaque(peek, {name!r})",
            f"opaque(poke, {name!r}, {value})",
            f"i1 = i0 + peek({name!r})",
            "note(sys._getframe().f_lineno)",
            "x1 = len(locals())",
        )
        self.emit(f"if i % {self.pick((3, 11, 29))} == 2:")
        self.emit("    " + self.pick(ways))

    def surprise(self):
        """What makes things other than they were."""
        n = self.random.randrange(8)
        ways = (
            f"{self.local('i')} = {self.expression(self.pick('fxs'), 2)}",
            f"{self.local('i')} = {self.pick(EDGES)}",
            f"{self.local('f')} = {self.expression(self.pick('ix'), 2)}",
            f"{self.local('o')} = {self.expression('o', 2)}",
            f"act(o0, {n})",
            f"opaque(act, o1, {n})",
            f"rescale({n})",
            "opaque(rescale, i)",
            "flop()",
            f"rebind('scale', {self.atom('x')})",
            "rebind('len', lambda v: 4)",
            "rebind('abs', lambda v: v)",
            "rebind('range', lambda *v: (1, 2))",
            "unbind('len'); unbind('range'); unbind('abs')",
            f"swap_code({self.counter()})",
            "trace(True)",
            "trace(False)",
            "sys.setprofile(profiler)",
            "sys.setprofile(None)",
            "Base.heavier()",
            f"Derived.weight = {self.atom('x')}",
            "Base.get = lambda self, k: k; del Derived.get",
            "l0 = Items(l0)",
            "i0 = Int(i0)",
            "f0 = Float(f0)",
            "s0 = Text(s0)",
            "d0 = {}",
            "c0 = counter(1)",
            "del scale; scale = 1" if self.chance(0.1) else "pass",
            f"x0 = deeper({self.counter()})",
            "gc = __import__('gc'); gc.collect()",
            f"raise {self.pick(RAISED)}" if self.chance(0.3) else "pass",
        )
        way = self.pick(ways).replace("del scale; scale = 1", "rebind('scale', 'gone')")
        return "pass" if way in WATCHING and not self.watches else way

    def rarely(self):
        if self.chance(0.5):
            self.emit(
                f"if {self.counters[0] if self.counters else 'i'} == {self.random.randrange(100)}:"
            )
        else:
            self.emit(f"if {self.counter()} % 50 == {self.random.randrange(50)}:")
        self.emit("    " + self.surprise())

    def jump_out(self):
        if not self.counters:
            return
        word = self.pick(("continue", "continue", "break"))
        if word == "continue" and len(self.counters) == 1 and self.suspend:
            word = "pass"
        self.emit(f"if {self.counter()} % {self.pick((23, 50))} == 11: {word}")

    # Compound statements

    def branch(self):
        self.emit(f"if {self.condition()}:")
        self.block()
        if self.chance(0.2):
            self.emit(f"elif {self.condition()}:")
            self.block(1, 2)
        if self.chance(0.5):
            self.emit("else:")
            self.block()

    def attempt(self):
        self.emit("try:")
        self.block()
        if self.chance(0.3):
            self.emit(f"    if i % {self.pick((2, 7, 40))} == 1: raise {self.pick(RAISED)}")
        form = self.random.random()
        if form < 0.75:
            self.emit(f"except {self.pick(ERRORS)} as error:")
            after = (
                f"{self.local('i')} = len(str(error))",
                "note(type(error).__name__, error.__traceback__.tb_lineno)",
                "note(*describe(error)) if i % 10 == 3 else None",
                "x0 = sys.exception() is error",
                f"raise {self.pick(RAISED)} from error" if self.chance(0.2) else "pass",
                "raise" if self.chance(0.2) else "pass",
                "x1 = str(error)",
            )
            self.emit("    " + self.pick(after))
            if self.chance(0.3):
                self.block(1, 2)
            if self.chance(0.15):
                self.emit("else:")
                self.block(1, 1)
        if form >= 0.6:
            self.emit("finally:")
            self.block(1, 1)

    def with_block(self):
        self.emit(f"with Guard({self.condition()}):")
        self.block(1, 2)
        if self.chance(0.3):
            self.emit(f"    if i % 9 == 4: raise {self.pick(RAISED)}")

    def match(self):
        self.emit(f"match {self.pick((self.atom('x'), self.local('t'), self.local('d')))}:")
        patterns = ("int()", "str(v)", "(a, *_)", "[]", "{'a': v}", "None", "1 | 2", "Base(p=0)")
        self.depth += 1
        for pattern in self.random.sample(patterns, 2):
            self.emit(f"case {pattern}:")
            self.block(1, 2)
        self.depth -= 1

    def inner_loop(self):
        trips = ("2", "4", f"{self.counter()} % 4", "9", "len(l0)", "3", f"{self.counter()} & 7")
        self.loop(self.pick(trips), 1, 4)

    def local_function(self):
        """A closure over the loop's locals, called at once or kept."""
        name = self.local("i")
        scope = "nonlocal" if self.in_function_scope() else "global"
        ways = (
            f"def h(v): return v + {name}\n{name} = h({self.atom('i')})",
            f"def h(v=1):\n    {scope} {name}\n    {name} = v\n    return v\nx0 = h(i)",
            "c0 = lambda *v: len(v) + i",
            f"x0 = (lambda: {name})()",
        )
        if name in self.cells:
            return
        self.emit(self.pick(ways))

    def in_function_scope(self):
        return self.depth > 0 and not self.at_module_level

    at_module_level = False

    def generator(self):
        ways = (
            "g = count_up(5)\nx0 = next(g)\nx1 = g.send(2)\ng.close()",
            "g = count_up(4)\nx0 = next(g)\nx1 = g.throw(ValueError('in'))\ndel g",
            f"for x0 in count_up({self.counter()} % 6):\n    if x0 == 2: break",
            "g = (v for v in l0)\nx0 = next(g, None)",
            "x0 = list(chain(2))",
            "x1 = sum(v for v in range(i % 4))",
            "w = waits(2)\nx0 = w.send(None)\nw.close()",
            "g = count_up(3)\nx0 = next(g)",
        )
        self.emit(self.pick(ways))

    def suspension(self):
        target, value = self.local("x"), self.atom(self.pick("ifx"))
        line = self.suspend.format(target, value)
        self.emit(f"if i % {self.pick((1, 2, 5))} == 0:\n    {line}")
