"""Proposes smaller programs: shrink.py PROGRAM DIRECTORY SECONDS.

Each is written into the directory and its path printed; a line on standard input answers 1 if it
still fails. `cargo xtask fuzz` answers. pysource-minimize has three quarters of the time; what it
leaves loses its needless statements in the rest.
"""

import ast
import pathlib
import sys
import time

from pysource_minimize import CouldNotMinimize, minimize


class Late(Exception):
    pass


class Shrinker:
    def __init__(self, program, directory, seconds):
        self.best = pathlib.Path(program).read_text()
        self.proposal = pathlib.Path(directory, "proposal.py")
        self.start, self.seconds = time.monotonic(), float(seconds)
        self.share = 0.75

    def fails(self, text):
        if time.monotonic() - self.start > self.seconds * self.share:
            raise Late
        self.proposal.write_text(text)
        print(self.proposal, flush=True)
        if sys.stdin.readline() != "1\n":
            return False
        self.best = text
        return True

    def run(self):
        try:
            minimize(self.best, self.fails, retries=0)
        except (CouldNotMinimize, Late):
            pass
        self.share = 1
        try:
            self.fails(without(ast.parse(self.best), says_nothing))
            while self.sweep():
                pass
        except Late:
            pass

    def sweep(self):
        """Tries to do without each statement, the last first; whether that helped."""
        before = self.best
        n = 0
        while True:
            statements = list(numbered(ast.parse(self.best)))
            if n >= len(statements):
                return self.best != before
            chosen = len(statements) - 1 - n
            numbers = iter(range(len(statements)))
            text = without(ast.parse(self.best), lambda _, n=numbers, c=chosen: next(n) == c)
            # What was tried stays behind those that are left.
            if text == self.best or not self.fails(text):
                n += 1


def numbered(tree):
    for node in ast.walk(tree):
        for body in bodies(node):
            yield from body


def bodies(node):
    names = ("body", "orelse", "finalbody")
    return [body for name in names if isinstance(body := getattr(node, name, None), list) and body]


def says_nothing(statement):
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def without(tree, unwanted):
    """The program without some statements; a body that would be empty gets `pass`."""
    for node in list(ast.walk(tree)):
        for body in bodies(node):
            kept = [statement for statement in body if not unwanted(statement)]
            optional = body is not getattr(node, "body", None)
            body[:] = kept if kept or optional or isinstance(node, ast.Module) else [ast.Pass()]
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


if __name__ == "__main__":
    Shrinker(*sys.argv[1:]).run()
