"""Imported by tierup_autoload.pth at start-up when TIERUP is set."""

import os

from tierup import _control


def _autoload():
    value = os.environ.get("TIERUP")
    if value not in ("0", "1"):
        _control.warn(f"TIERUP: expected 0 or 1, got '{value}'; Tierup stays off")
    elif value == "1":
        try:
            _control.enable()
        except _control.UnsupportedError as error:
            _control.warn(f"{error}; Tierup stays off")


_autoload()
