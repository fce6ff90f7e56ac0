"""What the system or others refuse: executable memory, room for code, watcher ids, the interpreter hook."""

import shutil
import sys
import sysconfig

import pytest

EXECUTABLE = """
import ctypes, sys, tierup
from scenario import cycle

libc = ctypes.CDLL(None, use_errno=True)

def memory_deny_write_execute():
    PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1
    return libc.prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) == 0

def seccomp():
    class Filter(ctypes.Structure):
        _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)]

    class Program(ctypes.Structure):
        _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.POINTER(Filter))]

    LOAD, EQUAL, SET, RETURN = 0x20, 0x15, 0x45, 0x06
    MPROTECT, EXEC, EACCES = 10, 4, 13
    rules = (Filter * 6)(
        Filter(LOAD, 0, 0, 0),  # the number of the system call
        Filter(EQUAL, 0, 3, MPROTECT),
        Filter(LOAD, 0, 0, 32),  # the low half of its third argument
        Filter(SET, 0, 1, EXEC),
        Filter(RETURN, 0, 0, 0x00050000 | EACCES),
        Filter(RETURN, 0, 0, 0x7FFF0000),
    )
    PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, MODE_FILTER = 22, 38, 2
    program = Program(len(rules), rules)
    return (
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        and libc.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(program), 0, 0) == 0
    )

def forbid():
    if not {"mdwe": memory_deny_write_execute, "seccomp": seccomp}[how]():
        print("no such prctl")
        sys.exit()

how, when = sys.argv[1:]
want = cycle()
if when == "before":
    forbid()
    try:
        tierup.enable()
    except tierup.UnsupportedError as error:
        assert "no executable memory: Permission denied" in str(error), error
        assert cycle() == want and not tierup.is_enabled()
        print("refused")
    sys.exit()
tierup.enable()
namespaces = []
if when == "between":
    # Code exists, and is on the stack: what it called forbids more.
    from scenario import fresh
    namespace = fresh()
    work = namespace["work"]
    results = [work(60)]
    leaf = namespace["leaf"]
    def forbidding(a, b):
        global forbid
        forbid()
        forbid = int
        namespace["leaf"] = leaf
        return leaf(a, b)
    namespace["leaf"] = forbidding
    assert work(60) == results[0]
    results += [work(90)]
    namespace["leaf"] = lambda a, b: a - b
    results.append(work(60))
    namespace["Point"].__init__ = lambda self, x: setattr(self, "x", -x)
    results.append(work(60))
    assert results == want
else:
    assert cycle() == want
    forbid()
made = tierup.stats()["traces.made"]
assert made > 0
for _ in range(3):
    assert cycle() == want
assert tierup.stats()["traces.made"] == made
told = [event for event in tierup.stats()["events"] if "the system refuses executable memory" in event]
assert len(told) == 1, told
print("went on")
"""


@pytest.mark.parametrize("when", ["before", "between", "after"])
@pytest.mark.parametrize("how", ["mdwe", "seccomp"])
def test_executable_memory_is_refused(python, how, when):
    [line] = python.lines(EXECUTABLE, how, when, TIERUP_THRESHOLD="1")
    if line == "no such prctl":
        pytest.skip("this kernel has none")
    assert line == ("refused" if when == "before" else "went on")


def test_no_room_for_machine_code(python):
    code = """
import tierup
from scenario import cycle
want = cycle()
tierup.enable()
for _ in range(4):
    assert cycle() == want
stats = tierup.stats()
print(stats["traces.made"], stats["code.bytes"], *[e for e in stats["events"] if "arena" in e])
"""
    for kib in [16, 18, 20, 24, 32, 48]:
        settings = {"TIERUP_THRESHOLD": "1", "TIERUP_CODE_KIB": str(kib)}
        [line] = python.lines(code, **settings)
        made, size, *told = line.split(maxsplit=2)
        assert int(made) > 0 and int(size) <= (kib + 3) << 10  # whole pages
        assert "trace not made, the code arena is full" in told[0]


WATCHERS = """
import ctypes, sys, tierup
from scenario import cycle

kind, left = sys.argv[1], int(sys.argv[2])
event = [ctypes.c_int]
argument = [ctypes.c_void_p]
callback = ctypes.CFUNCTYPE(
    ctypes.c_int,
    *{"Dict": event + 3 * argument, "Type": argument, "Function": event + 2 * argument, "Code": event + argument}[kind],
)(lambda *args: 0)
add = getattr(ctypes.pythonapi, f"Py{kind}_AddWatcher")
clear = getattr(ctypes.pythonapi, f"Py{kind}_ClearWatcher")
want = cycle()
ids = []
try:
    while True:
        ids.append(add(callback))
except RuntimeError:
    pass
for _ in range(left):
    clear(ids.pop())
for _ in range(10):
    try:
        tierup.enable()
        print("on")
    except tierup.UnsupportedError as error:
        print(error)
assert cycle() == want
sys.monitoring.use_tool_id(1, "test")
sys.monitoring.set_local_events(1, cycle.__code__, 0)
while ids:
    clear(ids.pop())
tierup.enable()
assert cycle() == want and tierup.stats()["traces.made"] > 0
sys.monitoring.set_local_events(1, cycle.__code__, 0)
"""


@pytest.mark.parametrize("kind", ["Dict", "Type", "Function", "Code"])
def test_watcher_ids_are_taken(python, kind):
    """Every id is somebody else's: a sentence, and nothing of ours is left registered."""
    lines = python.lines(WATCHERS, kind, 0, TIERUP_THRESHOLD="1")
    name = kind.lower()
    if kind == "Function":
        # Asked for when a trace first relies on a function: without it there is no such trace.
        assert lines == ["on"] * 10
    else:
        assert lines == [f"every {name} watcher of the interpreter is taken"] * 10
    lines = python.lines(WATCHERS, kind, 1, TIERUP_THRESHOLD="1")
    if kind == "Code":
        # Two parts watch code objects die.
        assert lines == ["all code watchers of this interpreter are taken"] * 10
    else:
        assert lines == ["on"] * 10


COPY = ["__init__.py", "__main__.py", "_cli.py", "_control.py", "_run.py"]


@pytest.fixture
def without_library(tmp_path):
    """The package without its native part."""
    import tierup

    package = tmp_path / "path" / "tierup"
    package.mkdir(parents=True)
    for name in COPY:
        shutil.copy(f"{tierup.__path__[0]}/{name}", package)
    return package


SAYS = "import tierup\ntry:\n    tierup.enable()\nexcept tierup.UnsupportedError as error:\n    print(error)"


def test_the_library_is_missing(python, without_library):
    [line] = python.lines(SAYS, path=[without_library.parent])
    assert line.startswith("Tierup's native part is not usable: ")
    result = python("print(1)", path=[without_library.parent], TIERUP="1")
    assert (result.returncode, result.stdout) == (0, "1\n")
    assert result.stderr.count("\n") == 1 and result.stderr.endswith("; Tierup stays off\n")
    result = python("print(1)", path=[without_library.parent])
    assert (result.returncode, result.stdout, result.stderr) == (0, "1\n", "")


def test_the_library_is_broken(python, without_library):
    name = "_native" + sysconfig.get_config_var("EXT_SUFFIX")
    (without_library / name).write_bytes(b"\x7fELF and no more")
    [line] = python.lines(SAYS, path=[without_library.parent])
    assert line.startswith("Tierup's native part is not usable: ")


VERSION = """
import ctypes, sys, tierup
what = sys.argv[1]
libc = ctypes.CDLL(None)

def write(address, data):
    page = address & ~0xFFF
    READ_WRITE = 3
    assert libc.mprotect(ctypes.c_void_p(page), ctypes.c_size_t(8192), READ_WRITE) == 0
    ctypes.memmove(address, data, len(data))

def address(name):
    return ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, name))

if what == "version":
    at, new = address("Py_Version"), (0x030F00F0).to_bytes(8, "little")
elif what == "cookie":
    at, new = address("_PyRuntime"), b"xdebugpz"
else:
    # Any of the offsets that CPython describes itself by: as if a field had moved.
    at, new = address("_PyRuntime") + 8 * int(what), (12345).to_bytes(8, "little")
old = ctypes.string_at(at, len(new))
write(at, new)
try:
    tierup.enable()
except tierup.UnsupportedError as error:
    text = str(error)
else:
    text = "on"
write(at, old)
from scenario import cycle
want = cycle()
tierup.enable()
assert cycle() == want
print(text)
"""


def test_another_version(python):
    [line] = python.lines(VERSION, "version")
    assert line == "CPython 3.15 is not supported, only 3.14 is"
    [line] = python.lines(VERSION, "cookie")
    assert line == "this CPython's runtime state has an unknown layout"


def test_another_layout(python):
    refused = 0
    # Words of _Py_DebugOffsets: some are none of our business.
    for word in range(4, 44):
        [line] = python.lines(VERSION, word)
        assert line == "on" or line.startswith("this CPython's layout is not supported ("), line
        refused += line != "on"
    assert refused >= 10


def test_a_debug_build_is_refused():
    from tierup import _control

    assert not hasattr(sys, "gettotalrefcount")
    sys.gettotalrefcount = int
    try:
        assert "debug builds" in _control.unsupported()
    finally:
        del sys.gettotalrefcount
