"""The API. Imports on every Python 3, with or without the native part."""

import os
import sys

SUPPORTED = "Tierup needs CPython 3.14 with the GIL on x86-64 Linux"

_native = sys.modules.get("tierup._native")  # if the JIT was switched on at start-up
_stats_file_of = None  # the process that writes TIERUP_STATS_FILE at exit


class UnsupportedError(RuntimeError):
    """Tierup cannot run in this interpreter; the message says why."""

    __module__ = "tierup"


def enable():
    """Switch the JIT on, with the settings in the ``TIERUP_*`` environment variables.

    Raises UnsupportedError where Tierup cannot run.
    """
    enable_with(environment())


def disable():
    """Switch the JIT off. Everything goes on in CPython's interpreter."""
    if _native is not None:
        _native.disable()


def is_enabled():
    """Whether the JIT is on."""
    return _native is not None and _native.is_enabled()


def stats():
    """What the JIT did so far: counters by dotted name, and ``events``, a list of texts."""
    if _native is None:
        return {"events": []}
    return {**_native.counters(), "events": _native.events()}


def native():
    """The native part; raises UnsupportedError where it cannot be loaded."""
    global _native
    if _native is None:
        reason = unsupported()
        if reason:
            raise UnsupportedError(reason)
        try:
            from tierup import _native as module
        except ImportError as error:
            raise UnsupportedError(f"Tierup's native part is not usable: {error}") from None
        _native = module
    return _native


def unsupported():
    """Why this interpreter is not supported, in one sentence, or None."""
    if sys.implementation.name != "cpython":
        return f"{sys.implementation.name} is not supported: {SUPPORTED}"
    if sys.version_info[:2] != (3, 14):
        version = ".".join(map(str, sys.version_info[:2]))
        return f"CPython {version} is not supported: {SUPPORTED}"
    if "t" in getattr(sys, "abiflags", ""):
        return f"free-threaded CPython is not supported: {SUPPORTED}"
    if hasattr(sys, "gettotalrefcount"):
        return f"debug builds of CPython are not supported: {SUPPORTED}"
    machine = os.uname().machine if hasattr(os, "uname") else "this processor"
    if sys.platform != "linux" or machine != "x86_64":
        return f"{machine} on {sys.platform} is not supported: {SUPPORTED}"
    return None


def environment():
    """The settings in the environment; none under -E and -I, as with Python's own."""
    if sys.flags.ignore_environment:
        return []
    return [
        # Undecodable bytes arrive as lone surrogates, which the native part would refuse.
        (name, value.encode("utf-8", "replace").decode())
        for name, value in os.environ.items()
        if name.startswith("TIERUP")
    ]


def enable_with(settings):
    """Switch the JIT on; a bad setting is reported in one line and ignored."""
    module = native()
    for warning in module.warnings(settings):
        warn(warning)
    try:
        module.enable(settings)
    except RuntimeError as error:
        raise UnsupportedError(str(error)) from None
    path = dict(settings).get("TIERUP_STATS_FILE")
    if path:
        _write_stats_at_exit(path)


def autoload():
    """Switch the JIT on at start-up if TIERUP says so, and say what is wrong."""
    value = os.environ.get("TIERUP")
    if value not in ("0", "1"):
        warn(f"TIERUP: expected 0 or 1, got '{value}'; Tierup stays off")
    elif value == "1":
        try:
            enable()
            _native.wait_for_program()
        except UnsupportedError as error:
            if _in_main_interpreter():
                warn(f"{error}; Tierup stays off")


def _in_main_interpreter():
    """The JIT is the main interpreter's; the others stay as they are without a word."""
    try:
        import _interpreters
    except ImportError:  # before 3.13
        return True
    return _interpreters.get_current()[0] == _interpreters.get_main()[0]


def warn(message):
    """Print one line. The module warnings is not imported: the program may count on its state."""
    if sys.stderr is not None:
        print(f"tierup: {message}", file=sys.stderr)


def _write_stats_at_exit(path):
    global _stats_file_of
    if _stats_file_of is not None:
        return
    import atexit

    _stats_file_of = os.getpid()
    path = os.path.abspath(path)

    def write():
        # A forked child exits through here too; its counters are not the program's.
        if os.getpid() != _stats_file_of:
            return
        import json

        try:
            # Programs that this one starts inherit the setting.
            with open(path.replace("%p", str(os.getpid())), "w", encoding="utf-8") as file:
                json.dump(stats(), file, indent=1)
        except OSError as error:
            warn(f"TIERUP_STATS_FILE: {error}")

    atexit.register(write)
