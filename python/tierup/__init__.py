"""Tierup: a JIT compiler for stock CPython.

    import tierup
    tierup.enable()

or, without touching the program, ``python -m tierup script.py`` or ``TIERUP=1 python script.py``.
"""

__all__ = ["UnsupportedError", "disable", "enable", "is_enabled", "stats"]

_autoloaded = False


def __getattr__(name):
    # Every Python process under TIERUP=1 imports this module, and most have no use for the API.
    if name in __all__:
        from tierup import _control

        return getattr(_control, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})


def _autoload():
    """Switch the JIT on at start-up if TIERUP says so; for tierup_autoload.pth.

    Only once: in a virtual environment Debian's site reads the directory of the .pth file twice.
    """
    global _autoloaded
    if _autoloaded:
        return
    _autoloaded = True
    try:
        from tierup import _native

        if _native.autoload():
            return
    except ImportError:
        pass
    # There is something to say, or more to do.
    from tierup import _control

    _control.autoload()
