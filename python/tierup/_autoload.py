"""Imported by tierup_autoload.pth at start-up when TIERUP is set."""

import os

from tierup import _control


def _in_main_interpreter():
    """The JIT is the main interpreter's; the others stay as they are without a word."""
    try:
        import _interpreters
    except ImportError:  # before 3.13
        return True
    return _interpreters.get_current()[0] == _interpreters.get_main()[0]


def _autoload():
    value = os.environ.get("TIERUP")
    if value not in ("0", "1"):
        _control.warn(f"TIERUP: expected 0 or 1, got '{value}'; Tierup stays off")
    elif value == "1":
        try:
            _control.enable()
        except _control.UnsupportedError as error:
            if _in_main_interpreter():
                _control.warn(f"{error}; Tierup stays off")


_autoload()
