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
    import os
    import sys

    if os.environ["TIERUP"] in ("", "0") or sys.flags.ignore_environment:
        # As if nothing had been imported, if the program has not done so: it may read .pth files itself (site.addsitedir).
        # Ours asks less than this function: every process has to compile it.
        if "tierup._control" not in sys.modules:
            del sys.modules["tierup"]
        return
    _autoloaded = True
    try:
        if _load_native().autoload():
            return
    except (ImportError, AttributeError):  # other interpreters have less in _imp
        pass
    # There is something to say, or more to do.
    from tierup import _control

    _control.autoload()


def _load_native():
    """Import tierup._native from where it is, which takes half as long as by its name."""
    import _imp
    import sys

    path = f"{__path__[0]}/_native{_imp.extension_suffixes()[0]}"
    spec = type(__spec__)("tierup._native", None, origin=path)
    module = _imp.create_dynamic(spec)
    module.__spec__, module.__file__, module.__package__ = spec, path, "tierup"
    _imp.exec_dynamic(module)
    sys.modules[spec.name] = globals()["_native"] = module
    return module
