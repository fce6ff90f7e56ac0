"""Profiles: from a tool's output and Tierup's map to tiers, traces, uops and lines."""

import json
import subprocess
import sys
import time

import pytest
from tierup_bench.contestants import Contestant
from tierup_bench.profile import attribute, command, frames, tools
from tierup_bench.profile.attribute import Profile
from tierup_bench.profile.maps import Maps
from tierup_bench.profile.tools import Cost

LOG = """\
tierup: recording of run (a b.py:3+10) given up: left the loop
tierup: map, to be executor 4: run (a b.py:3+10)
code 0x1000 256 root
16 inst 0 load_slot 5 /x/a b.py
32 inst 1 int_add 6 /x/a b.py
200 exit 1 int_add 6 /x/a b.py
tierup: map, to be executor 5: run (a b.py:3+10)
code 0x2000 64 bridge from exit 1 of executor 4
0 inst 0 guard_type 7 /x/a b.py
tierup: something else
"""


def test_maps():
    maps = Maps(LOG)
    assert [code.executor for code in maps.codes] == [4, 5]
    code = maps.find(0x1000 + 40)
    assert (code.where, code.kind) == ("run (a b.py:3+10)", "root")
    assert code.part_at(0x1000 + 40).uop == "int_add"
    assert code.part_at(0x1000 + 8) is None
    assert (code.part_at(0x1000 + 255).kind, code.exit(1).line) == ("exit", 6)
    assert code.exit(1).file == "/x/a b.py"
    assert maps.find(0x1000 + 256) is None and maps.find(0xFFF) is None


def test_costs_are_attributed():
    native = "/p/tierup/_native.cpython-314-x86_64-linux-gnu.so"
    costs = [
        Cost(0x1000 + 33, "[unknown]", "", 5),
        Cost(0x1000 + 201, "[unknown]", "", 2),
        Cost(0x2000, "[unknown]", "", 3),
        Cost(0x9999, "[unknown]", "", 1),
        Cost(1, "tier1::ops::int::add", native, 10),
        Cost(1, "codegen::emit::emit", native, 20),
        Cost(1, "runtime::hooks::on_exit", native, 30),
        Cost(1, "_PyEval_EvalFrameDefault", "/usr/bin/python3.14", 40),
        Cost(1, "PyDict_SetItem", "/usr/bin/python3.14", 50),
        Cost(1, "malloc", "/lib/libc.so.6", 60),
    ]
    profile = Profile(costs, Maps(LOG))
    assert profile.total == sum(cost.amount for cost in costs) == sum(profile.tiers.values())
    assert profile.tiers == {
        attribute.NATIVE: 10,
        attribute.THUNKS: 1,
        attribute.TIER1: 10,
        attribute.COMPILING: 20,
        attribute.RUNTIME: 30,
        attribute.EVALUATOR: 40,
        attribute.C_CODE: 50,
        attribute.LIBRARIES: 60,
    }
    assert profile.traces == {4: 7, 5: 3}
    assert profile.uops == {"int_add": 5, "int_add (exit)": 2, "guard_type": 3}
    assert profile.lines == {("/x/a b.py", 6): 7, ("/x/a b.py", 7): 3}


def test_output_of_perf():
    text = """\
          55ab0 PyObject_Malloc (/usr/bin/python3.14)
     7fe3b6406c04 [unknown] (/tmp/perf-23592.map)
     7fe3b6406c05 [unknown] ([unknown])
     ffffffffa04 [unknown] ([kernel.kallsyms])
"""
    assert list(tools.read_perf(text)) == [
        Cost(0x55AB0, "PyObject_Malloc", "/usr/bin/python3.14", 1),
        Cost(0x7FE3B6406C04, "[unknown]", "", 1),
        Cost(0x7FE3B6406C05, "[unknown]", "", 1),
        Cost(0xFFFFFFFFA04, "[unknown]", "[kernel.kallsyms]", 1),
    ]


def test_output_of_callgrind():
    lines = """\
positions: instr line
events: Ir
ob=/usr/bin/python3.14
fl=x.c
fn=main
0x10 3 7
cob=/lib/libc.so.6
cfn=malloc
calls=1 0x99 0
0x14 3 1000
0x18 4 2
ob=???
fn=0x7f00
0x7f00 0 9
""".splitlines()
    assert list(tools.read_callgrind(lines)) == [
        Cost(0x10, "main", "/usr/bin/python3.14", 7),
        Cost(0x18, "main", "/usr/bin/python3.14", 2),
        Cost(0x7F00, "0x7f00", "", 9),
    ]


def test_exits_and_aborts():
    counters = {
        "events": [
            "exit 1 of executor 4 taken, int_add: 12",
            "trace not made, calls: a thing: 3",
            "frame left to CPython, IMPORT_NAME: 5",
        ]
    }
    rows = command.exits(Maps(LOG), counters, 9).rows
    assert [row[:4] for row in rows] == [[12, "int_add", "4.1", "x/a b.py:6"]]
    assert command.reasons(counters).rows == [[12, "int_add"]]
    assert command.aborts(counters, 9).rows == [
        [5, "frame left to CPython, IMPORT_NAME"],
        [3, "trace not made, calls: a thing"],
    ]


PROGRAM = """\
def total(n):
    s = 0
    for i in range(n):
        if i % 100 == 7:
            s -= i
        s += i * i
    return s


print(total(100_000))
"""


def test_tierup_maps_its_code(tmp_path):
    pytest.importorskip("tierup._native")
    path, log, stats = tmp_path / "program.py", tmp_path / "log", tmp_path / "stats"
    path.write_text(PROGRAM)
    variables = {"TIERUP_DUMP": "map", "TIERUP_LOG": str(log), "TIERUP_STATS_FILE": str(stats)}
    environment = Contestant("tierup", "Tierup", sys.executable, {"TIERUP": "1"}).environment(
        **variables
    )
    subprocess.run([sys.executable, path], env=environment, check=True)
    maps = Maps(log.read_text())
    parts = [part for code in maps.codes for part in code.parts]
    # The multiplication is machine code, and of this line.
    assert ("int_mul", 6, str(path)) in {(p.uop, p.line, p.file) for p in parts if p.kind == "inst"}
    for code in maps.codes:
        offsets = [part.offset for part in code.parts]
        assert offsets == sorted(offsets) and offsets[-1] < code.length
    counters = json.loads(stats.read_text())
    taken = sum(row[0] for row in command.exits(maps, counters, 1000).rows)
    assert 0 < taken <= counters["traces.exits"]


def test_frames_are_sampled(tmp_path):
    pytest.importorskip("_remote_debugging")
    path, stop = tmp_path / "program.py", tmp_path / "stop"
    path.write_text(
        f"import os\ndef spin():\n    while not os.path.exists({str(stop)!r}): pass\nspin()\n"
    )
    # Like perf: a process whose child is the Python that is looked at.
    run = f"import subprocess, sys; subprocess.run([sys.executable, {str(path)!r}])"
    parent = subprocess.Popen([sys.executable, "-c", run])
    place = (str(path), 3, "spin")
    with frames.of_child(parent.pid) as found:
        deadline = time.monotonic() + 60
        while found[place] < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        stop.touch()
        parent.wait()
    assert found[place] >= 5


def test_a_program_that_is_not_there_is_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert (
        command.what({"program": ["missing.py"], "folder": tmp_path}, None, "perf", print) is None
    )
