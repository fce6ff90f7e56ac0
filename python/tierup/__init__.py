"""Tierup: a JIT compiler for stock CPython.

    import tierup
    tierup.enable()

or, without touching the program, ``python -m tierup script.py`` or ``TIERUP=1 python script.py``.
"""

from tierup._control import (
    UnsupportedError,
    disable,
    enable,
    is_enabled,
    stats,
)

__all__ = ["UnsupportedError", "disable", "enable", "is_enabled", "stats"]
