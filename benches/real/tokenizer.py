"""A small language: a tokenizer, a recursive-descent parser and an evaluator, run over programs in it."""

from math import gcd

KEYWORDS = frozenset({"let", "fn", "if", "else", "while", "return"})
SYMBOLS = ("==", "!=", "<=", ">=", "&&", "||", *"+-*/%<>=!(){},;")

SOURCE = """
fn gcd(a, b) {
    while b != 0 { let t = a % b; a = b; b = t; }
    return a;
}
fn collatz(n) {
    let steps = 0;
    while n != 1 {
        if n % 2 == 0 { n = n / 2; } else { n = 3 * n + 1; }
        steps = steps + 1;
    }
    return steps;
}
fn max(a, b) { if a > b { return a; } return b; }
let i = 1;
let sum = 0;
let longest = 0;
while i < 40 {
    sum = sum + gcd(i * 12, 90 - i);
    longest = max(longest, collatz(i));
    i = i + 1;  # the next one
}
sum * 1000 + longest;
"""


class Token:
    __slots__ = ("kind", "text", "line")

    def __init__(self, kind, text, line):
        self.kind = kind
        self.text = text
        self.line = line


def tokenize(source):
    position, line, end = 0, 1, len(source)
    while position < end:
        char = source[position]
        if char == "\n":
            line += 1
            position += 1
        elif char.isspace():
            position += 1
        elif char == "#":
            while position < end and source[position] != "\n":
                position += 1
        elif char.isdigit():
            start = position
            while position < end and source[position].isdigit():
                position += 1
            yield Token("number", source[start:position], line)
        elif char.isalpha() or char == "_":
            start = position
            while position < end and (source[position].isalnum() or source[position] == "_"):
                position += 1
            word = source[start:position]
            yield Token(word if word in KEYWORDS else "name", word, line)
        else:
            for symbol in SYMBOLS:
                if source.startswith(symbol, position):
                    yield Token(symbol, symbol, line)
                    position += len(symbol)
                    break
            else:
                raise SyntaxError(f"line {line}: {char!r}")
    yield Token("end", "", line)


class Return(Exception):
    def __init__(self, value):
        self.value = value


class Number:
    def __init__(self, value):
        self.value = value

    def evaluate(self, scope):
        return self.value


class Name:
    def __init__(self, name):
        self.name = name

    def evaluate(self, scope):
        return scope[self.name]


class Binary:
    def __init__(self, operator, left, right):
        self.operator = operator
        self.left = left
        self.right = right

    def evaluate(self, scope):
        left = self.left.evaluate(scope)
        operator = self.operator
        if operator == "&&":
            return left and self.right.evaluate(scope)
        if operator == "||":
            return left or self.right.evaluate(scope)
        return OPERATIONS[operator](left, self.right.evaluate(scope))


OPERATIONS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
LEVELS = (("||",), ("&&",), ("==", "!="), ("<", ">", "<=", ">="), ("+", "-"), ("*", "/", "%"))


class Not:
    def __init__(self, operand):
        self.operand = operand

    def evaluate(self, scope):
        return not self.operand.evaluate(scope)


class Negative(Not):
    def evaluate(self, scope):
        return -self.operand.evaluate(scope)


class Call:
    def __init__(self, name, arguments):
        self.name = name
        self.arguments = arguments

    def evaluate(self, scope):
        function = scope[self.name]
        local = dict(function.globals)
        for name, argument in zip(function.parameters, self.arguments):
            local[name] = argument.evaluate(scope)
        try:
            function.body.evaluate(local)
        except Return as result:
            return result.value
        return None


class Function:
    def __init__(self, name, parameters, body):
        self.name = name
        self.parameters = parameters
        self.body = body
        self.globals = None

    def evaluate(self, scope):
        scope[self.name] = self
        self.globals = scope


class Assign:
    def __init__(self, name, value):
        self.name = name
        self.value = value

    def evaluate(self, scope):
        scope[self.name] = self.value.evaluate(scope)


class If:
    def __init__(self, condition, body, otherwise):
        self.condition = condition
        self.body = body
        self.otherwise = otherwise

    def evaluate(self, scope):
        if self.condition.evaluate(scope):
            self.body.evaluate(scope)
        elif self.otherwise is not None:
            self.otherwise.evaluate(scope)


class While:
    def __init__(self, condition, body):
        self.condition = condition
        self.body = body

    def evaluate(self, scope):
        while self.condition.evaluate(scope):
            self.body.evaluate(scope)


class ReturnStatement(Not):
    def evaluate(self, scope):
        raise Return(self.operand.evaluate(scope))


class Block:
    def __init__(self, statements):
        self.statements = statements

    def evaluate(self, scope):
        result = None
        for statement in self.statements:
            result = statement.evaluate(scope)
        return result


class Parser:
    def __init__(self, source):
        self.tokens = list(tokenize(source))
        self.position = 0

    @property
    def kind(self):
        return self.tokens[self.position].kind

    def take(self, kind=None):
        token = self.tokens[self.position]
        if kind is not None and token.kind != kind:
            raise SyntaxError(f"line {token.line}: expected {kind}, got {token.text!r}")
        self.position += 1
        return token

    def accept(self, kind):
        if self.kind == kind:
            self.position += 1
            return True
        return False

    def program(self):
        statements = []
        while self.kind != "end":
            statements.append(self.statement())
        return Block(statements)

    def block(self):
        self.take("{")
        statements = []
        while not self.accept("}"):
            statements.append(self.statement())
        return Block(statements)

    def statement(self):
        if self.accept("fn"):
            name = self.take("name").text
            self.take("(")
            parameters = []
            while not self.accept(")"):
                parameters.append(self.take("name").text)
                self.accept(",")
            return Function(name, parameters, self.block())
        if self.accept("if"):
            condition = self.expression()
            body = self.block()
            return If(condition, body, self.block() if self.accept("else") else None)
        if self.accept("while"):
            return While(self.expression(), self.block())
        if self.accept("return"):
            result = ReturnStatement(self.expression())
        elif self.accept("let") or self.tokens[self.position + 1].kind == "=":
            name = self.take("name").text
            self.take("=")
            result = Assign(name, self.expression())
        else:
            result = self.expression()
        self.take(";")
        return result

    def expression(self, level=0):
        if level == len(LEVELS):
            return self.unary()
        left = self.expression(level + 1)
        while self.kind in LEVELS[level]:
            operator = self.take().kind
            left = Binary(operator, left, self.expression(level + 1))
        return left

    def unary(self):
        if self.accept("!"):
            return Not(self.unary())
        if self.accept("-"):
            return Negative(self.unary())
        if self.accept("("):
            inside = self.expression()
            self.take(")")
            return inside
        token = self.take()
        if token.kind == "number":
            return Number(int(token.text))
        if token.kind != "name":
            raise SyntaxError(f"line {token.line}: unexpected {token.text!r}")
        if not self.accept("("):
            return Name(token.text)
        arguments = []
        while not self.accept(")"):
            arguments.append(self.expression())
            self.accept(",")
        return Call(token.text, arguments)


LIMITS = range(30, 45)


def run():
    results = []
    for n in LIMITS:
        source = SOURCE.replace("40", str(n))
        results.append(Parser(source).program().evaluate({}))
    return results


def directly(limit):
    def collatz(n):
        return 0 if n == 1 else 1 + collatz(3 * n + 1 if n % 2 else n // 2)

    numbers = range(1, limit)
    return sum(gcd(i * 12, 90 - i) for i in numbers) * 1000 + max(collatz(i) for i in numbers)


EXPECTED = [directly(n) for n in LIMITS]
