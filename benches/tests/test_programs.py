"""Workers, suites and counts, with this Python as the only contestant."""

import sys

import pytest
from tierup_bench import compiling, counts, expected, measure, packages, programs, startup
from tierup_bench.contestants import Contestant
from tierup_bench.process import Failed, Worker
from tierup_bench.programs import Program

SETTINGS = measure.Settings(
    processes=2, warm_up=0.0, rounds=3, at_least=0.0, least=2, budget=9.0, limit=20.0
)


def contestant(name="plain", **variables):
    return Contestant(name, name.title(), sys.executable, variables)


@pytest.fixture
def program(tmp_path):
    def make(source):
        path = tmp_path / "program.py"
        path.write_text(source)
        return Program("kernels", "program", str(path))

    return make


def test_measure_interleaves_fresh_processes(program):
    counting = program("EXPECTED = 1\ndef run():\n    return 1\n")
    found = measure.measure(counting, [contestant(), contestant("tierup")], SETTINGS, print)
    for name in ("plain", "tierup"):
        assert len(found[name]["first"]) == 2
        assert [len(rounds) for rounds in found[name]["rounds"]] == [3, 3]
        # Rounds of no time at all double their loops.
        assert found[name]["warm_up"][0][0][0] == 1


def test_one_contestant_may_fail(program):
    said = []
    failing = program(
        "import os\nEXPECTED = None\ndef run():\n    assert 'BREAK' not in os.environ\n"
    )
    found = measure.measure(
        failing, [contestant(), contestant("tierup", BREAK="1")], SETTINGS, said.append
    )
    assert len(found["plain"]["first"]) == 2
    assert "AssertionError" in found["tierup"]["error"]
    assert len(said) == 1


def test_wrong_results_are_failures(program):
    wrong = program("EXPECTED = 4\ndef run():\n    return 5\n")
    with (
        Worker(contestant(), wrong, 20) as worker,
        pytest.raises(Failed, match="got 5, expected 4"),
    ):
        worker.ask("step", loops=1)


def test_a_crash_is_a_failure(program):
    crashing = program("import os\nEXPECTED = 4\ndef run():\n    os._exit(3)\n")
    with Worker(contestant(), crashing, 20) as worker, pytest.raises(Failed, match="status 3"):
        worker.ask("step", loops=1)


def test_silence_is_a_failure(program):
    hanging = program("import time\nEXPECTED = 4\ndef run():\n    time.sleep(60)\n")
    with Worker(contestant(), hanging, 20) as worker, pytest.raises(Failed, match="no answer"):
        worker.limit = 0.2
        worker.ask("step", loops=1)


def test_what_a_program_prints_is_not_an_answer(program):
    chatty = program("EXPECTED = None\ndef run():\n    print('{}', flush=True)\n")
    with Worker(contestant(), chatty, 20) as worker:
        assert worker.ask("step", loops=2)["loops"] == 2


@pytest.mark.parametrize("suite", ["kernels", "real"])
def test_suites_have_results_to_check(suite):
    found = programs.modules(suite)
    assert len(found) >= 7
    for program in found:
        with open(program.path) as file:
            source = file.read()
        assert "\ndef run():" in source and "\nEXPECTED = " in source, program.name


def test_twins_belong_to_kernels():
    sources = list((programs.BENCHES / "kernels").glob("*.c"))
    assert sources
    assert all(source.with_suffix(".py").exists() for source in sources)


def test_manifest():
    text = "[benchmarks]\n\nname\tmetafile\n2to3\t<local>\na_io\t<local:a>\n#x\t<local>\n[group default]\nb\t<local>\n"
    assert programs.manifest(text) == [("2to3", "2to3"), ("a_io", "a")]


def test_only_selects_by_name():
    found = programs.modules("kernels")
    assert [p.name for p in programs.only(found, ["fib"])] == ["fib"]
    assert programs.only(found, []) == found


def test_environment_is_the_contestants(monkeypatch):
    monkeypatch.setenv("PYTHON_JIT", "1")
    monkeypatch.setenv("TIERUP_TIER", "0")
    environment = contestant(TIERUP="1").environment()
    assert environment["TIERUP"] == "1"
    assert "PYTHON_JIT" not in environment and "TIERUP_TIER" not in environment


def test_startup_commands():
    found = startup.measure([contestant()], 1, lambda words: None)
    assert set(found) == set(startup.COMMANDS)
    assert all(len(samples["plain"]["seconds"]) == 1 for samples in found.values())


def test_perf_output():
    assert counts.parse_perf("# started\n\n123456,,instructions:u,1000,100.00,,\n") == 123456
    assert counts.parse_perf("<not supported>,,instructions:u,0,100.00,,\n") is None


def test_counts_of_callgrind(tmp_path):
    path = tmp_path / "callgrind.out.1"
    path.write_text("version: 1\nevents: Ir\nsummary: 42\ntotals: 42\n")
    assert counts.callgrind_total(path) == 42


def test_more_instructions_than_expected_fail(capsys):
    known = dict.fromkeys(expected.PROGRAMS, 1000)
    found = {name: {"first": 1000} for name in expected.PROGRAMS}
    assert expected.report(known, found) == 0
    found["sieve"] = {"first": 1031}
    assert expected.report(known, found) == 1
    assert "sieve" in capsys.readouterr().out.split("MORE")[0].splitlines()[-1]
    found["sieve"] = {"first": 500}
    assert expected.report(known, found) == 0
    found["sieve"] = {"error": "it crashed"}
    assert expected.report(known, found) == 1


def test_pip_errors_are_one_line():
    text = "Collecting x\n  ERROR: no wheel for x\nerror: some-code\nhint: read\n"
    assert packages.last_line(text) == "ERROR: no wheel for x"
    assert packages.last_line("") == "pip failed"


def test_rounds_end_with_the_budget(program):
    counting = program("EXPECTED = 1\ndef run():\n    return 1\n")
    settings = measure.Settings(
        processes=1, warm_up=0.0, rounds=9, at_least=0.0, least=2, budget=0.0, limit=20.0
    )
    found = measure.measure(counting, [contestant()], settings, print)
    assert [len(rounds) for rounds in found["plain"]["rounds"]] == [2]


def test_cost_of_compiling():
    counters = {
        "traces.made": 3,
        "traces.variants": 1,
        "traces.uops_recorded": 200,
        "traces.uops_optimized": 150,
        "compile.ns": 400_000,
    }
    found = compiling.Cost.from_counters(counters, instructions=800_000)
    assert (found.traces, found.recorded, found.optimized) == (4, 200, 150)
    assert (found.per_trace(), found.per_hundred()) == (100.0, 200.0)
    assert found.instructions_per_uop() == 4000
    later = {name: 3 * n for name, n in counters.items()}
    again = compiling.Cost.from_counters({**later, "compile.ns": 900_000}, counters)
    assert (again.traces, again.recorded, again.ns) == (8, 400, 500_000)
    assert compiling.least([found, None, again]) is again
    # 100 us of 50 uops, 62.5 of 50: one size tells nothing of another.
    assert compiling.at_hundred([found, again]) is None
    larger = compiling.Cost(traces=2, recorded=300, optimized=200, ns=400_000)
    assert compiling.at_hundred([found, larger]) == 150.0
    words = compiling.line("fib", found, again, found).split()
    assert words == ["fib", "4", "200", "150", "100", "200", "125", "4000"]


def test_nothing_compiled_costs_nothing():
    counters = dict.fromkeys(
        (
            "traces.made",
            "traces.variants",
            "traces.uops_recorded",
            "traces.uops_optimized",
            "compile.ns",
        ),
        0,
    )
    assert compiling.Cost.from_counters(counters) is None
    assert compiling.least([None]) is None
    assert compiling.line("strings", None, None, None).split() == ["strings", "0", *["–"] * 6]
