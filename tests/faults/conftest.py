"""Tests that take something away from the JIT: memory, permissions, ids. Each runs in interpreters of its own.

`cargo xtask faults` builds what they need and runs them; with --all at every point instead of a sample.
"""

import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
ALL = os.environ.get("TIERUP_TEST_ALL") == "1"


class Python:
    """Runs code in a new interpreter that can import `scenario`."""

    def __init__(self, cwd):
        self.cwd = cwd

    def __call__(self, code, *args, path=(), **variables):
        hidden = ("TIERUP", "PYTHON")
        env = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
        env["PYTHONPATH"] = os.pathsep.join([*map(str, path), str(HERE)])
        env["PYTHONFAULTHANDLER"] = "1"
        env.update(variables)
        return subprocess.run(
            [sys.executable, "-c", code, *map(str, args)],
            cwd=self.cwd,
            env=env,
            capture_output=True,
            text=True,
            timeout=900,
        )

    def lines(self, *args, **kwargs):
        """The output of a run that ends well and without a word on standard error."""
        result = self(*args, **kwargs)
        assert (result.returncode, result.stderr) == (0, ""), result.stdout + result.stderr[-3000:]
        return result.stdout.splitlines()


@pytest.fixture
def python(tmp_path):
    return Python(tmp_path)


@pytest.fixture
def faulty():
    """Where the package lies whose native part can be told to fail allocations."""
    folder = os.environ.get("TIERUP_TEST_FAULTY")
    assert folder, "run these tests with cargo xtask faults"
    return folder
