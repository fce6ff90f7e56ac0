"""The interpreters that are measured, as ``cargo xtask`` hands them over."""

import os
from dataclasses import dataclass, field


@dataclass
class Contestant:
    name: str
    title: str
    python: str
    variables: dict
    # What says which interpreter this is: version, where it was installed from, package versions.
    origin: dict = field(default_factory=dict)
    # Directories of installed packages, by suite.
    packages: dict = field(default_factory=dict)

    @property
    def is_tierup(self):
        return self.name == "tierup"

    @property
    def is_compiler(self):
        """gcc: runs no Python programs, only kernels' twins in C."""
        return self.name == "gcc"

    def environment(self, suite=None, **more):
        """The variables for a process; none of the user's own that change an interpreter."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTHON", "TIERUP", "CINDER", "PYPY"))
        }
        environment.update(self.variables)
        # Strings hash alike in every process: dict and set orders do not differ between samples.
        environment["PYTHONHASHSEED"] = "0"
        if suite in self.packages:
            environment["PYTHONPATH"] = self.packages[suite]
        environment.update(more)
        return environment


def select(contestants, names):
    """Those named, and the yardstick; ``None`` selects all."""
    if names is None:
        return list(contestants)
    return [c for c in contestants if c.name in names or c.name == "plain"]
