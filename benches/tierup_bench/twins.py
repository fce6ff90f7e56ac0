"""Kernels written in C, compiled as they are asked for."""

import runpy
import subprocess
from pathlib import Path

from tierup_bench.programs import BENCHES


def build(contestant, folder):
    """Compiles every kernel that has a twin; notes the libraries in the contestant's origin."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    libraries = {}
    for source in sorted((BENCHES / "kernels").glob("*.c")):
        library = folder / f"{source.stem}.so"
        options = [*contestant.origin["options"], "-fPIC", "-shared", "-Wall", "-Werror"]
        subprocess.run(["gcc", *options, str(source), "-o", str(library), "-lm"], check=True)
        expected = runpy.run_path(str(source.with_suffix(".py")))["EXPECTED"]
        libraries[source.stem] = {
            "path": str(library),
            "returns": "double" if isinstance(expected, float) else "int64",
            "expected": expected,
        }
    contestant.origin["libraries"] = libraries
