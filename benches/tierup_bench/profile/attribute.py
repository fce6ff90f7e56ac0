"""From costs at addresses to tiers, traces, uops, source lines and functions."""

import re
from collections import Counter

NATIVE = "machine code of traces"
THUNKS = "machine code around traces"
TIER1 = "tier 1"
COMPILING = "recording and compiling"
RUNTIME = "Tierup's runtime (exits, escapes, hooks)"
EVALUATOR = "CPython's evaluator"
C_CODE = "C code of CPython"
LIBRARIES = "other libraries"
KERNEL = "the system's kernel"

COMPILER = re.compile(r"\b(tierup_)?(record|opt|codegen|ir|iced_x86)::|compile|optimi")
INTERPRETER = re.compile(r"\b(tierup_)?tier1::")


class Profile:
    def __init__(self, costs, maps):
        self.total = 0
        self.tiers = Counter()
        self.traces = Counter()
        self.uops = Counter()
        self.lines = Counter()
        self.functions = Counter()
        self.executors = {}
        for cost in costs:
            self.add(cost, maps)

    def add(self, cost, maps):
        self.total += cost.amount
        code = None if cost.object else maps.find(cost.address)
        if code is None:
            tier = tier_of(cost)
            self.tiers[tier] += cost.amount
            self.functions[(cost.symbol, tier)] += cost.amount
            return
        self.tiers[NATIVE] += cost.amount
        self.traces[code.executor] += cost.amount
        self.executors[code.executor] = code
        part = code.part_at(cost.address)
        if part is None:
            self.uops["(entry)"] += cost.amount
            return
        self.uops[part.uop if part.kind == "inst" else f"{part.uop} ({part.kind})"] += cost.amount
        self.lines[(part.file, part.line)] += cost.amount


def tier_of(cost):
    file = cost.object.rpartition("/")[2]
    if not cost.object:
        return KERNEL if cost.address >> 63 else THUNKS
    if cost.object.startswith("[kernel"):
        return KERNEL
    if file.startswith("_native."):
        if INTERPRETER.search(cost.symbol):
            return TIER1
        return COMPILING if COMPILER.search(cost.symbol) else RUNTIME
    if file.startswith(("python", "libpython")):
        return EVALUATOR if cost.symbol.startswith("_PyEval_EvalFrameDefault") else C_CODE
    return LIBRARIES
