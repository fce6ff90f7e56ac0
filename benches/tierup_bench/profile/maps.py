"""Tierup's log with ``TIERUP_DUMP=map``: which machine code is which uop of which source line."""

import bisect
import re
from dataclasses import dataclass, field

HEAD = re.compile(r"tierup: map, to be executor (\d+): (.*)")
CODE = re.compile(r"code (0x[0-9a-f]+) (\d+) (.*)")
PART = re.compile(r"(\d+) (inst|cold|exit) (\d+) (\w+) (-?\d+) (.*)")


@dataclass(frozen=True)
class Part:
    """A piece of a trace's code; it reaches to the next one."""

    offset: int
    kind: str
    number: int
    uop: str
    line: int
    file: str


@dataclass
class Code:
    executor: int
    where: str
    start: int = 0
    length: int = 0
    kind: str = ""
    parts: list = field(default_factory=list)

    def part_at(self, address):
        """None in the code before the first uop: the entry."""
        offsets = [part.offset for part in self.parts]
        index = bisect.bisect_right(offsets, address - self.start) - 1
        return self.parts[index] if index >= 0 else None

    def exit(self, number):
        return next((p for p in self.parts if p.kind == "exit" and p.number == number), None)


class Maps:
    def __init__(self, log):
        self.codes = list(read(log))
        # Where code was freed and its place used again, the later one counts.
        by_start = {code.start: code for code in self.codes}
        self.starts = sorted(by_start)
        self.sorted = [by_start[start] for start in self.starts]

    def find(self, address):
        index = bisect.bisect_right(self.starts, address) - 1
        if index < 0 or address >= self.starts[index] + self.sorted[index].length:
            return None
        return self.sorted[index]

    def executor(self, number):
        return next((code for code in self.codes if code.executor == number), None)


def read(log):
    code = None
    for line in log.splitlines():
        if found := HEAD.fullmatch(line):
            code = Code(int(found[1]), found[2])
        elif code and (found := CODE.fullmatch(line)):
            code.start, code.length, code.kind = int(found[1], 16), int(found[2]), found[3]
            yield code
        elif code and code.length and (found := PART.fullmatch(line)):
            offset, kind, number, uop, at, file = found.groups()
            code.parts.append(Part(int(offset), kind, int(number), uop, int(at), file))
        else:
            code = None
