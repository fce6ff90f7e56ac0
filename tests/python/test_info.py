"""What is active, or why not: the command tierup and its answers."""

import os
import sys

import pytest

TIERUP = os.path.join(os.path.dirname(sys.executable), "tierup")


def state(result):
    return [line for line in result.stdout.splitlines() if line.startswith("state")][0]


def test_off_without_the_variable(python):
    result = python(TIERUP, "info")
    assert (result.returncode, result.stderr) == (0, "")
    assert "off: the variable TIERUP is not set" in state(result)
    assert "_native.cpython-314" in result.stdout


def test_on_with_the_variable(python):
    result = python(TIERUP, "info", TIERUP="1", TIERUP_THRESHOLD="9")
    assert result.returncode == 0
    assert " on: TIERUP=1" in state(result)
    assert "TIERUP_THRESHOLD=9 (default: tuned)" in result.stdout


def test_settings_that_do_not_count_are_warnings(python):
    result = python("-m", "tierup", "--info", TIERUP_TIER="7", TIERUP_TIRE="1")
    assert "warning    TIERUP_TIER: expected 0, 1 or 2, got '7'; ignored" in result.stdout
    assert "warning    TIERUP_TIRE: unknown setting; ignored" in result.stdout
    assert "setting" not in result.stdout.replace("unknown setting", "")


@pytest.mark.parametrize("flag", ["-E", "-I"])
def test_hidden_variables(python, flag):
    result = python(flag, "-m", "tierup", "--info", TIERUP="1", TIERUP_TIER="7")
    assert "off: -E or -I hides the variable TIERUP" in state(result)
    assert "TIERUP_TIER" not in result.stdout


def test_an_evaluator_of_somebody_else_is_named(python):
    code = """
import _testinternalcapi, sys
_testinternalcapi.set_eval_frame_record([])
from tierup import _cli
sys.argv = ["tierup", "--info"]
_cli.main()
"""
    result = python("-c", code)
    if "No module named" in result.stderr:
        pytest.skip("this CPython comes without _testinternalcapi")
    assert result.returncode == 1
    assert "off: another extension owns the frame evaluation hook" in state(result)


def test_options_are_the_table_that_parses_them(python):
    result = python(TIERUP, "options")
    assert result.returncode == 0
    helped = python(TIERUP, "help")
    assert result.stdout in helped.stdout
    assert "--threshold" in result.stdout and "TIERUP_STATS_FILE" in result.stdout


def test_the_command_runs_programs(python, tmp_path):
    (tmp_path / "module.py").write_text("import sys, tierup; print(sys.argv, tierup.is_enabled())")
    result = python(TIERUP, "-m", "module", "info")
    assert result.stdout == f"[{str(tmp_path / 'module.py')!r}, 'info'] True\n"


@pytest.mark.parametrize(
    "args, message",
    [
        (("info", "5"), "tierup: --info takes no arguments, got 5"),
        (("--info=5",), "tierup: --info takes no value"),
        (("--infos",), "tierup: unknown option --infos; see python -m tierup --help"),
    ],
)
def test_usage_errors(python, args, message):
    result = python(TIERUP, *args)
    assert (result.returncode, result.stdout, result.stderr) == (2, "", message + "\n")
