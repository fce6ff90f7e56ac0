"""TIERUP=1 python: the .pth file."""

import sysconfig

import pytest

SHOW = "import sys, tierup; print(tierup.is_enabled())"
LOADED = "import sys; print([name for name in sys.modules if 'tierup' in name])"


def test_unset_imports_nothing(python):
    for value in [{}, {"TIERUP": ""}, {"TIERUP": "0"}]:
        result = python("-c", LOADED, **value)
        assert result.stdout == "[]\n"
        assert result.stderr == ""


def test_set_switches_on(python):
    result = python("-c", SHOW, TIERUP="1", TIERUP_TIER="0")
    assert (result.stdout, result.stderr) == ("True\n", "")


def test_nothing_else_is_imported(python):
    code = "import sys; print(sorted(name for name in sys.modules if 'tierup' not in name))"
    plain = python("-c", code)
    assert python("-c", code, TIERUP="1", TIERUP_TIER="0").stdout == plain.stdout


def test_children_inherit_it(python):
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SHOW!r}])"
    result = python("-c", code, TIERUP="1", TIERUP_TIER="0")
    assert result.stdout == "True\n"


@pytest.mark.parametrize("flag", ["-E", "-I", "-S"])
def test_python_can_be_told_to_ignore_it(python, flag):
    result = python(flag, "-c", LOADED, TIERUP="1", TIERUP_TIER="nonsense")
    assert (result.stdout, result.stderr) == ("[]\n", "")


def test_a_bad_value_is_one_line_and_stays_off(python):
    result = python("-c", SHOW, TIERUP="yes")
    assert result.stdout == "False\n"
    assert result.stderr == "tierup: TIERUP: expected 0 or 1, got 'yes'; Tierup stays off\n"


def test_a_closed_stderr_does_no_harm(python):
    code = (
        "import subprocess, sys;"
        "print(subprocess.run([sys.executable, '-c', 'print(1)'],"
        " preexec_fn=lambda: __import__('os').close(2)).returncode)"
    )
    result = python("-c", code, TIERUP="yes")
    assert result.stdout == "1\n0\n"


def test_a_program_that_reads_pth_files_keeps_what_it_imported(python):
    code = (
        "import os, site, sys, tierup; tierup.enable; folder = os.path.dirname(tierup.__path__[0]);"
        "[site.addsitedir(folder) for _ in range(2)]; print(sys.modules.get('tierup') is tierup)"
    )
    assert python("-c", code, TIERUP="0").stdout == "True\n"


@pytest.fixture
def site(tmp_path, python):
    """Runs a program under TIERUP=1 with this sitecustomize; `show()` there and in the program says whether tier 1 ran anything."""

    def run(custom, *args, **variables):
        head = (
            "import sys, tierup\n"
            "decoded = lambda: tierup.stats().get('tier1.decoded', 0)\n"
            "before = decoded()\n"
            "def show(): print(tierup.is_enabled(), decoded() > before)\n"
            "sys.show = show\n"
        )
        (tmp_path / "sitecustomize.py").write_text(head + custom)
        result = python(*args, TIERUP="1", PYTHONPATH=str(tmp_path), **variables)
        assert result.stderr == ""
        return result.stdout.splitlines()

    return run


SHOWING = "import sys; sys.show()"


def test_what_site_runs_is_left_to_cpython(site, tmp_path):
    (tmp_path / "program.py").write_text(SHOWING)
    for args in [("-c", SHOWING), ("program.py",), ("-m", "program")]:
        assert site("show()", *args) == ["True False", "True True"]
    # Where there is more to do, Python code switches it on.
    stats = tmp_path / "stats.json"
    assert site("show()", "program.py", TIERUP_STATS_FILE=str(stats)) == ["True False", "True True"]
    assert stats.exists()


def test_a_program_that_reads_the_pth_file_is_not_waited_for(python):
    # It makes no code object afterwards, so nothing would end the waiting.
    code = (
        f"import site, sys; site.addsitedir({sysconfig.get_path('purelib')!r});"
        "native = sys.modules['tierup._native']; before = native.counters()['tier1.decoded'];"
        "list(map(lambda x: x, [1])); after = native.counters()['tier1.decoded'];"
        "print(native.is_enabled(), after > before)"
    )
    assert python("-S", "-c", code, TIERUP="1").stdout == "True True\n"


def test_site_may_switch_it_on_and_off(site):
    custom = "tierup.enable()\n(lambda: 0)()\nlist(map(lambda x: x, [1]))\nshow()"
    assert site(custom, "-c", SHOWING) == ["True True", "True True"]
    assert site("tierup.disable()\nshow()", "-c", SHOWING) == ["False False", "False False"]


def test_an_evaluator_that_site_installs_stays(site):
    pytest.importorskip("_testinternalcapi")
    custom = "import _testinternalcapi\nnames = []\n_testinternalcapi.set_eval_frame_record(names)\nsys.names = names"
    code = "import sys\ndef f(): pass\nlist(map(lambda x: f(), [1]))\nprint('f' in sys.names)\nsys.show()"
    assert site(custom, "-c", code) == ["True", "True False"]
