"""Suites and their programs."""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import tomllib

BENCHES = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Program:
    suite: str
    name: str
    path: str
    kind: str = "module"
    argv: tuple = field(default=())
    # Which of the tasks that a program for pyperf defines.
    task: int = 0

    def spec(self, contestant):
        """What the worker needs to know to run it under this contestant."""
        if contestant.is_compiler:
            return {"kind": "c", **contestant.origin["libraries"][self.name]}
        spec = {"kind": self.kind, "path": self.path}
        if self.kind == "pyperf":
            spec.update(argv=list(self.argv), task=self.task, list=False)
        return spec

    def runs_under(self, contestant):
        return not contestant.is_compiler or self.name in contestant.origin["libraries"]

    def tasks(self, names):
        """This program once for each of the tasks in it."""
        if len(names) == 1:
            return [self]
        return [replace(self, name=name, task=task) for task, name in enumerate(names)]


def modules(suite):
    """The files of a folder that have ``run()`` and ``EXPECTED``."""
    paths = sorted((BENCHES / suite).glob("*.py"))
    return [Program(suite, path.stem, str(path)) for path in paths]


def pyperformance(data_files):
    """The programs in pyperformance's manifest, with the options it runs them with."""
    folder = Path(data_files) / "benchmarks"
    programs = []
    for name, base in manifest((folder / "MANIFEST").read_text()):
        home = folder / f"bm_{base}"
        own = home / f"bm_{name}.toml"
        metadata = tomllib.loads((own if own.exists() else home / "pyproject.toml").read_text())
        table = metadata.get("tool", {}).get("pyperformance", {})
        path = str(home / table.get("runscript", "run_benchmark.py"))
        argv = tuple(table.get("extra_opts", ()))
        programs.append(Program("pyperformance", name, path, "pyperf", argv))
    return programs


def manifest(text):
    """Pairs (name, folder) of the benchmarks section."""
    pairs = []
    section = None
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        found = re.match(r"(\w+)\t<local(?::(\w+))?>", line)
        if section == "benchmarks" and found:
            pairs.append((found[1], found[2] or found[1]))
    return pairs


def only(programs, names):
    """Those with a name that was asked for."""
    return [p for p in programs if not names or p.name in names]
