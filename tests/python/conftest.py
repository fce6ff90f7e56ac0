"""Tests of the package from outside: each starts interpreters and looks at what they did."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]


class Python:
    """Runs an interpreter in a clean environment."""

    def __init__(self, cwd, executable=sys.executable):
        self.cwd = cwd
        self.executable = executable

    def __call__(self, *args, stdin="", **variables):
        env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TIERUP", "PYTHON", "PIP_REQUIRE"))
        }
        env.update(variables)
        return subprocess.run(
            [self.executable, *args],
            cwd=self.cwd,
            env=env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=600,
        )


@pytest.fixture
def python(tmp_path):
    return Python(tmp_path)
