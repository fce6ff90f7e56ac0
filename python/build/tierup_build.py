"""PEP 517 backend: maturin where the JIT can run, elsewhere a wheel of the Python part alone.

An index therefore needs two wheels, one for CPython 3.14 and one `py3-none-any`, and an
interpreter without support needs no Rust toolchain to install Tierup.
"""

import importlib.util
import pathlib
import sys

_CONTROL = pathlib.Path(__file__).parents[1] / "tierup" / "_control.py"


def _supported():
    spec = importlib.util.spec_from_file_location("_tierup_control", _CONTROL)
    control = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(control)
    reason = control.unsupported()
    if reason:
        print(f"tierup: {reason}; building without the native part", file=sys.stderr)
    return reason is None


def _backend():
    if _supported():
        import maturin

        return maturin
    import hatchling.build

    return hatchling.build


def get_requires_for_build_wheel(config_settings=None):
    return ["maturin>=1.9,<2"] if _supported() else ["hatchling>=1.26"]


def get_requires_for_build_sdist(config_settings=None):
    return ["maturin>=1.9,<2"]


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return _backend().build_wheel(wheel_directory, config_settings)


def build_sdist(sdist_directory, config_settings=None):
    import maturin

    return maturin.build_sdist(sdist_directory, config_settings)
