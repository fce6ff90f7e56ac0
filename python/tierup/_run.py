"""Runs a program the way the interpreter's own start does (CPython's Modules/main.c)."""

import importlib.machinery
import os
import sys

from tierup import _control


def run(program):
    """Run ``[script, *args]``, ``["-m", module, *args]``, ``["-c", code, *args]`` or ``["-", *args]``."""
    kind = program[0]
    if kind[:2] in ("-m", "-c"):
        operand, arguments = kind[2:], program[1:]
        if not operand:
            if not arguments:
                _usage(f"{kind} needs an argument")
            operand, *arguments = arguments
        sys.argv[:] = [kind[:2], *arguments]
        if kind[:2] == "-m":
            _set_path0(os.getcwd())
            _run_module(operand, True)
        else:
            _set_path0("")
            _run_command(operand)
    elif kind == "-":
        sys.argv[:] = program
        _set_path0("")
        _run_stdin()
    elif kind.startswith("-"):
        _usage(f"unknown option {kind}; see python -m tierup --help")
    else:
        sys.argv[:] = program
        _run_path(kind)


def _usage(message):
    print(f"tierup: {message}", file=sys.stderr)
    sys.exit(2)


def _set_path0(entry):
    # `python -m` put the current directory there, unless -P or -I forbade it.
    if not sys.flags.safe_path:
        sys.path[0] = entry


def _run_module(name, alter_argv):
    import runpy

    _namespace(None)
    _call(runpy._run_module_as_main, name, alter_argv)


def _run_command(source):
    namespace = _namespace(importlib.machinery.BuiltinImporter)
    _execute(_dedent(source), "<string>", namespace)


def _run_stdin():
    namespace = _namespace(importlib.machinery.BuiltinImporter)
    if sys.stdin is None:
        return
    if sys.stdin.isatty():
        import code

        _call(code.interact, None, None, namespace, "")
        return
    namespace["__file__"] = "<stdin>"
    namespace["__cached__"] = None
    _execute(sys.stdin.buffer.read(), "<stdin>", namespace)


def _run_path(path):
    full = path
    if not os.path.isabs(path):
        full = os.path.join(os.getcwd(), path)  # not normalized, as in plain Python
    if _is_importable(full):
        # A directory or an archive with a __main__ module; it goes first even under -P.
        if sys.flags.safe_path:
            sys.path.insert(0, full)
        else:
            sys.path[0] = full
        _run_module("__main__", False)
        return
    try:
        with open(full, "rb") as file:
            source = file.read()
    except OSError as error:
        print(
            f"{sys.executable}: can't open file {full!r}: [Errno {error.errno}] {error.strerror}",
            file=sys.stderr,
        )
        sys.exit(2)
    _set_path0(os.path.dirname(os.path.realpath(full)))
    if full.endswith(".pyc"):
        namespace = _namespace(importlib.machinery.SourcelessFileLoader("__main__", full))
    else:
        namespace = _namespace(importlib.machinery.SourceFileLoader("__main__", full))
    namespace["__file__"] = full
    namespace["__cached__"] = None
    _execute(source, full, namespace)


def _is_importable(path):
    for hook in sys.path_hooks:
        try:
            hook(path)
        except ImportError:
            continue
        return True
    return False


def _namespace(loader):
    """Empty the module __main__ (the one object that everybody may hold) and name it anew."""
    namespace = sys.modules["__main__"].__dict__
    builtins = namespace["__builtins__"]
    namespace.clear()
    namespace.update(
        __name__="__main__",
        __doc__=None,
        __package__=None,
        __loader__=loader,
        __spec__=None,
        __builtins__=builtins,
    )
    return namespace


def _dedent(source):
    """What 3.14 does to the operand of -c."""
    lines = source.split("\n")
    margin = None
    for line in lines:
        text = line.lstrip(" \t")
        if not text:
            continue
        indent = line[: len(line) - len(text)]
        margin = indent if margin is None else os.path.commonprefix([margin, indent])
    if not margin:
        return source
    return "\n".join(line[len(margin) :] if line.lstrip(" \t") else "" for line in lines)


def _execute(source, filename, namespace):
    """Compile and run; the program's module is the bottom of the stack, as in plain Python."""
    if filename.endswith(".pyc"):
        code = _call(_code_of_pyc, source, filename)
    else:
        code = _call(_compile, source, filename)
        if filename == "<string>":
            _remember_source(code, source)
    del source
    _call(exec, code, namespace)


def _compile(source, filename):
    return compile(source, filename, "exec", dont_inherit=True)


def _code_of_pyc(data, filename):
    import importlib.util
    import marshal

    if data[:4] != importlib.util.MAGIC_NUMBER:
        raise RuntimeError("Bad magic number in .pyc file")
    return marshal.loads(data[16:])


def _remember_source(code, source):
    # So that tracebacks show the lines of -c, as they do in plain Python.
    import linecache

    register = getattr(linecache, "_register_code", None)
    if register is not None:
        register(code, source, "<string>")


def _call(function, *arguments):
    """Call it; an exception that leaves it is reported without the frames of this package."""
    try:
        return _control.native().call_at_base(function, *arguments)
    except SystemExit:
        raise
    except BaseException as error:
        _hide_frames(error)
        raise


def _hide_frames(error):
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_globals is globals():
        traceback = traceback.tb_next
    display = sys.excepthook

    def excepthook(kind, value, _):
        sys.excepthook = display
        value.__traceback__ = traceback
        sys.last_traceback = traceback
        display(kind, value, traceback)

    sys.excepthook = excepthook
