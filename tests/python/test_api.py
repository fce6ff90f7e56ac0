"""enable, disable, is_enabled, stats. TIERUP_TIER=0 keeps CPython running everything."""

import textwrap


def run(python, code, **variables):
    variables.setdefault("TIERUP_TIER", "0")
    result = python("-c", textwrap.dedent(code), **variables)
    assert result.returncode == 0, result.stderr
    return result


def test_import_switches_nothing_on(python):
    result = run(
        python,
        """
        import sys, tierup
        print(tierup.is_enabled(), tierup.stats(), "tierup._native" in sys.modules)
        tierup.disable()
        """,
    )
    assert result.stdout == "False {'events': []} False\n"


def test_enable_and_disable(python):
    result = run(
        python,
        """
        import tierup
        tierup.enable(); tierup.enable()
        print(tierup.is_enabled())
        tierup.disable()
        print(tierup.is_enabled())
        tierup.enable()
        stats = tierup.stats()
        print(tierup.is_enabled(), isinstance(stats.pop("events"), list))
        print(all(type(v) is int and type(k) is str for k, v in stats.items()))
        """,
    )
    assert result.stdout == "True\nFalse\nTrue True\nTrue\n"
    assert result.stderr == ""


def test_a_bad_value_is_one_warning(python):
    result = run(python, "import tierup; tierup.enable()", TIERUP_THRESHOLD="many")
    assert result.stderr == (
        "tierup: TIERUP_THRESHOLD: expected a number from 1 to 4294967295, got 'many'; ignored\n"
    )


def test_an_unknown_setting_is_one_warning(python):
    result = run(python, "import tierup; tierup.enable()", TIERUP_TRESHOLD="1")
    assert result.stderr == "tierup: TIERUP_TRESHOLD: unknown setting; ignored\n"


def test_undecodable_values_do_no_harm(python):
    bad = b"\xff".decode("utf-8", "surrogateescape")
    result = run(python, "import tierup; tierup.enable()", TIERUP_DUMP=bad)
    assert result.stderr.count("\n") == 1 and "TIERUP_DUMP" in result.stderr


def test_subinterpreters_are_refused(python):
    result = run(
        python,
        """
        import tierup
        from concurrent import interpreters
        tierup.enable()
        interpreter = interpreters.create()
        interpreter.exec('''
        import tierup
        try:
            tierup.enable()
        except tierup.UnsupportedError as error:
            print("refused", tierup.is_enabled())
        ''')
        """,
    )
    assert result.stdout == "refused False\n"


def test_stats_file(python, tmp_path):
    import json

    code = """
    import os, tierup
    tierup.enable()
    if os.fork() == 0:
        raise SystemExit  # the child must not write the file
    os.wait()
    print(os.path.exists("stats.json"))
    os.chdir("/")
    """
    result = run(python, code, TIERUP_STATS_FILE="stats.json")
    assert result.stdout == "False\n"
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert isinstance(stats["events"], list)


def test_each_process_writes_statistics_of_its_own(python, tmp_path):
    code = """
    import os, subprocess, sys, tierup
    tierup.enable()
    child = subprocess.Popen([sys.executable, "-c", "import tierup; tierup.enable()"])
    child.wait()
    print(os.getpid(), child.pid)
    """
    result = run(python, code, TIERUP_STATS_FILE="%p.json")
    assert result.stderr == ""
    processes = result.stdout.split()
    assert sorted(f"{p}.json" for p in processes) == sorted(p.name for p in tmp_path.glob("*.json"))


def test_an_unwritable_stats_file_is_one_warning(python):
    result = run(python, "import tierup; tierup.enable()", TIERUP_STATS_FILE="no/where")
    assert result.stderr.startswith("tierup: TIERUP_STATS_FILE: ")
    assert result.stderr.count("\n") == 1


def test_version_agrees_with_cargo(python):
    import tomllib
    from conftest import ROOT

    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text())
    result = python("-m", "tierup", "--version")
    assert result.stdout == "tierup {}\n".format(cargo["workspace"]["package"]["version"])


def test_instructions_are_counted(python):
    """The same program means the same number of instructions, whichever tier executes them."""
    code = """
        import tierup
        tierup.enable()

        def work(n):
            total = 0
            for i in range(n):
                if i % 3:
                    total += len(str(i))
                else:
                    total -= i
            return total

        def counted():
            stats = tierup.stats()
            return [stats["instructions." + tier] for tier in ("native", "tier1")]

        def measure():
            before = counted()
            work(3000)
            return [after - before for after, before in zip(counted(), before)]

        print(*measure())
        """
    native, one = {}, {}
    for tier in "12":
        result = run(python, code, TIERUP_TIER=tier, TIERUP_COUNT="1")
        native[tier], one[tier] = map(int, result.stdout.split())
    assert native["1"] == 0
    assert 3000 * 12 < one["1"] < 3000 * 25
    assert native["2"] > 0.8 * one["1"]
    assert abs(native["2"] + one["2"] - one["1"]) < 0.01 * one["1"]
    assert run(python, code, TIERUP_TIER="2").stdout == "0 0\n"


def test_frames_left_to_cpython_have_reasons(python):
    code = """
        import sys, tierup
        tierup.enable()

        def work(switch):
            switch(lambda *args: None)
            return list(map(abs, range(10)))

        def called(tool):
            before = tierup.stats()
            tool()
            after = tierup.stats()
            prefix = "cpython.frames_"
            print(*(k[len(prefix):] for k in before if k.startswith(prefix) and after[k] > before[k]))

        def tool():
            work(sys.setprofile)
            list(map(lambda x: x, range(5)))
            sys.setprofile(None)

        called(lambda: work(id))
        called(tool)
        """
    result = run(python, code, TIERUP_TIER="1")
    assert result.stdout == "\nwatched watched_midway\n"


def test_time_in_cpython_is_counted_once(python):
    code = """
        import sys, time, tierup
        tierup.enable()

        def deep(n):
            return n and max(map(deep, [n - 1])) + 1

        start = time.perf_counter_ns()
        sys.setprofile(lambda *args: None)
        for _ in range(20):
            deep(50)
        sys.setprofile(None)
        print(0 < tierup.stats()["cpython.ns"] < time.perf_counter_ns() - start)
        """
    assert run(python, code, TIERUP_TIER="1", TIERUP_COUNT="1").stdout == "True\n"
