"""A JSON encoder in Python: dispatch by type, string escapes, nesting, key order; results are read back."""

import json

ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\b": "\\b",
    "\f": "\\f",
}


def encode_string(text):
    out = ['"']
    for char in text:
        if char in ESCAPES:
            out.append(ESCAPES[char])
        elif " " <= char <= "~":
            out.append(char)
        else:
            code = ord(char)
            if code > 0xFFFF:
                code -= 0x10000
                out.append(f"\\u{0xD800 | code >> 10:04x}\\u{0xDC00 | code & 0x3FF:04x}")
            else:
                out.append(f"\\u{code:04x}")
    out.append('"')
    return "".join(out)


class Encoder:
    def __init__(self, sort_keys=False, indent=None):
        self.sort_keys = sort_keys
        self.indent = indent
        self.depth = 0

    def encode(self, value):
        return "".join(self.pieces(value))

    def pieces(self, value):
        if value is None:
            yield "null"
        elif value is True:
            yield "true"
        elif value is False:
            yield "false"
        elif isinstance(value, str):
            yield encode_string(value)
        elif isinstance(value, int):
            yield str(value)
        elif isinstance(value, float):
            yield self.number(value)
        elif isinstance(value, dict):
            yield from self.members("{", "}", self.items(value))
        elif isinstance(value, (list, tuple)):
            yield from self.members("[", "]", (("", item) for item in value))
        else:
            raise TypeError(f"{type(value).__name__} has no JSON form")

    def number(self, value):
        if value != value or value in (float("inf"), float("-inf")):
            raise ValueError("not a JSON number")
        return repr(value)

    def items(self, value):
        pairs = sorted(value.items()) if self.sort_keys else value.items()
        for key, item in pairs:
            yield encode_string(key) + (": " if self.indent else ":"), item

    def members(self, left, right, items):
        self.depth += 1
        separator = left
        for label, item in items:
            yield separator + self.line() + label
            yield from self.pieces(item)
            separator = ","
        self.depth -= 1
        if separator == left:
            yield left + right
        else:
            yield self.line() + right

    def line(self):
        return "" if self.indent is None else "\n" + " " * (self.indent * self.depth)


def order(number):
    return {
        "id": 10_000 + number,
        "customer": {
            "name": f"Zoë {chr(65 + number % 26)}.",
            "vip": number % 7 == 0,
            "since": None,
        },
        "lines": [
            {"sku": f"A-{number * 31 + line}", "count": line + 1, "price": (number * line % 97) / 8}
            for line in range(number % 5 + 1)
        ],
        "note": 'say "hello"\tand\n' if number % 3 == 0 else "",
        "tags": ["new", "🚚 express"] if number % 2 else [],
    }


ORDERS = [order(number) for number in range(200)]


def run():
    compact = Encoder().encode(ORDERS)
    pretty = Encoder(sort_keys=True, indent=2).encode(ORDERS)
    same = json.loads(compact) == json.loads(pretty) == ORDERS
    return same, compact == json.dumps(ORDERS, separators=(",", ":")), len(compact), len(pretty)


EXPECTED = (True, True, 48357, 90658)
