"""python -m tierup runs programs as python does: every case is run both ways and compared."""

import os
import textwrap
import zipfile

import pytest

FILES = {
    "main.py": """
        import sys
        print(sys.argv, sys.path[0], len(sys.path), __file__, __name__, __spec__)
        print(list(globals()), type(__loader__).__name__, type(__builtins__).__name__)
        print(sys.modules["__main__"].__dict__ is globals(), sys._getframe().f_back)

        def fail():
            1 / 0

        class Dies:
            def __del__(self):
                print("deleted in", __name__)

        dies = Dies()
        sys.stdout.flush()
        exec(compile(" ".join(sys.argv[1:]), "<argument>", "exec"))
    """,
    "module.py": """
        import sys
        print(sys.argv, sys.path[0], __package__, __spec__.name, __file__)
        raise ValueError(2)
    """,
    "package/__init__.py": "",
    "package/__main__.py": """
        import sys
        print(sys.argv, sys.path[0], __package__, __spec__.name, __file__)
        from . import missing
    """,
    "directory/__main__.py": """
        import sys
        print(sys.argv, sys.path[0], __package__, __spec__.name, __file__)
        raise ValueError(3)
    """,
    "syntax_error.py": "x = 1\ndef f(:\n    pass\n",
    "tab_error.py": "if 1:\n\tx = 1\n        y = 2\n",
    "latin.py": "# -*- coding: latin-1 -*-\nprint(ascii('\u00e9'))\n",
    "future.py": "from __future__ import annotations\nimport sys\nprint(__annotations__)\n",
    "names.py": "import sys\nexec('x = 1')\nprint(x, __import__('__main__').x)\ndel sys\n",
    "recursion.py": """
        import sys
        def depth(n):
            try:
                return depth(n + 1)
            except RecursionError:
                return n
        print(depth(0))
        sys.setrecursionlimit(300)
        print(depth(0))
    """,
    "stack.py": """
        import sys, traceback, warnings
        def f():
            traceback.print_stack()
            warnings.warn("here", stacklevel=3)
        f()
        print(sys._getframe().f_back)
    """,
    "threads.py": """
        import threading
        def run():
            raise ValueError("in a thread")
        thread = threading.Thread(target=run, name="worker")
        thread.start()
        thread.join()
    """,
    "pickles.py": """
        import pickle
        class Point:
            def __init__(self): self.x = 1
        print(pickle.loads(pickle.dumps(Point())).x)
    """,
}


@pytest.fixture
def both(python, tmp_path):
    """Runs a command line plainly and under tierup, and compares everything that shows."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        encoding = "latin-1" if name == "latin.py" else "utf-8"
        path.write_text(textwrap.dedent(text), encoding=encoding)
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.write(tmp_path / "directory/__main__.py", "__main__.py")
    os.symlink(tmp_path / "main.py", tmp_path / "directory/link.py")

    def run(*args, flags=(), stdin="", **variables):
        plain = python(*flags, *args, stdin=stdin, **variables)
        under = python(*flags, "-m", "tierup", "--tier=0", *args, stdin=stdin, **variables)
        assert under.stderr == plain.stderr
        assert under.stdout == plain.stdout
        assert under.returncode == plain.returncode
        return under

    return run


@pytest.mark.parametrize(
    "code, status",
    [
        ("print(1)", 0),
        ("sys.exit(7)", 7),
        ("sys.exit('a message')", 1),
        ("sys.exit(None)", 0),
        ("raise SystemExit", 0),
        ("fail()", 1),
        ("raise KeyboardInterrupt", -2),
        ("import signal; signal.raise_signal(signal.SIGINT)", -2),
        ("import os; os._exit(3)", 3),
        ("import os; os.abort()", -6),
        ("import atexit; atexit.register(print, 'at exit'); fail()", 1),
        ("raise ExceptionGroup('g', [ValueError(1), KeyError(2)])", 1),
        ("exec('try: fail()\\nexcept Exception as e: raise ValueError from e')", 1),
        ("print(sys.stdin.read())", 0),
        ("del dies; sys.stdout.close()", 0),
        ("import traceback; traceback.print_stack()", 0),
    ],
)
def test_ends(both, code, status):
    assert both("main.py", code, stdin="input\n").returncode == status


def test_exception_hooks(both):
    code = (
        "sys.excepthook = lambda *a: print(a[0], a[1] is sys.last_exc,"
        " [f.name for f in __import__('traceback').extract_tb(a[2])]); fail()"
    )
    assert "ZeroDivisionError" in both("main.py", code).stdout
    code = (
        "import atexit, traceback; atexit.register(lambda: print("
        "traceback.format_exception(sys.last_exc),"
        " traceback.extract_tb(sys.last_traceback))); fail()"
    )
    assert "ZeroDivisionError" in both("main.py", code).stdout


@pytest.mark.parametrize("name", sorted(n for n in FILES if "/" not in n))
def test_scripts(both, name):
    both(name, "pass")


@pytest.mark.parametrize(
    "args",
    [
        ("./main.py", "pass"),
        ("directory/../main.py", "pass"),
        ("directory/link.py", "pass"),
        ("missing.py",),
        ("directory", "a"),
        ("archive.zip", "a"),
        ("package",),
        ("-m", "module", "a", "-b"),
        ("-mmodule",),
        ("-m", "package", "--help"),
        ("-m", "missing"),
        ("-m", "package.missing"),
        ("-m", "json.tool"),
        ("-c", "import sys; print(sys.argv, sys.path[0])", "a", "-c"),
        ("-cprint(1)",),
        ("-c", "print(list(globals()), __loader__)"),
        ("-c", "  x = 1\n  print(x)\n  1 / 0"),
        ("-c", "def f(:"),
        ("-c", "raise KeyboardInterrupt"),
        ("-c", "raise SystemExit(4)"),
    ],
)
def test_programs(both, args):
    both(*args, stdin='{"a": 1}')


@pytest.mark.parametrize(
    "source",
    [
        "import sys; print(sys.argv, repr(sys.path[0]), __file__)\n",
        "print(list(globals()), __loader__)\n",
        "def f():\n    1 / 0\nf()\n",
        "def f(:\n",
        "",
    ],
)
def test_standard_input(both, source):
    both("-", "a", stdin=source)


def test_compiled_file(both, python):
    python("-c", "import py_compile; py_compile.compile('main.py', 'main.pyc')")
    both("main.pyc", "fail()")


@pytest.mark.parametrize("flag", ["-I", "-P", "-O", "-B", "-u", "-Wd", "-Xdev"])
def test_flags(both, flag):
    both("main.py", "print(sys.flags); fail()", flags=[flag])


@pytest.mark.parametrize("flag", ["-I", "-P"])
def test_safe_path(both, flag):
    both("-c", "import sys; print(sys.path)", flags=[flag])
    both("archive.zip", flags=[flag])


def test_options_win_over_the_environment(python):
    code = "import tierup; print(tierup.is_enabled())"
    result = python("-m", "tierup", "--tier", "0", "-c", code, TIERUP_TIER="2")
    assert (result.stdout, result.stderr) == ("True\n", "")
    result = python("-m", "tierup", "--tier=0", "-c", code, TIERUP_TIER="1")
    assert result.stdout == "True\n"


def test_isolated_mode_ignores_the_environment(python):
    args = ["-I", "-m", "tierup", "--tier", "0", "-c", "print(1)"]
    result = python(*args, TIERUP_TIER="nonsense")
    assert (result.stdout, result.stderr) == ("1\n", "")


@pytest.mark.parametrize(
    "args, message",
    [
        ([], "no program given; see python -m tierup --help"),
        (["--nonsense", "x"], "unknown option --nonsense; see python -m tierup --help"),
        (["--TIER", "0", "x"], "unknown option --TIER; see python -m tierup --help"),
        (["-x"], "unknown option -x; see python -m tierup --help"),
        (["--tier"], "--tier needs a value"),
        (["--stats=1"], "--stats takes no value"),
        (["--tier", "7", "x"], "TIERUP_TIER: expected 0, 1 or 2, got '7'"),
        (["-c"], "-c needs an argument"),
        (["-m"], "-m needs an argument"),
    ],
)
def test_usage_errors(python, args, message):
    result = python("-m", "tierup", *args, TIERUP_TIER="0")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"tierup: {message}\n"


def test_help_lists_every_setting(python):
    result = python("-m", "tierup", "--help")
    assert result.returncode == 0
    for variable in ["TIERUP\n", "TIERUP_TIER", "TIERUP_THRESHOLD", "TIERUP_STATS_FILE"]:
        assert variable in result.stdout
    assert "--threshold" in result.stdout


def test_stats_option(python):
    args = ["-m", "tierup", "--tier", "0", "--stats", "-c", "print(1)"]
    result = python(*args)
    assert (result.returncode, result.stdout) == (0, "1\n")
