"""Wheels, the sdist, and interpreters without support."""

import os
import subprocess
import sys
import tarfile
import zipfile

import pytest
from conftest import ROOT, Python

OTHERS = [p for p in os.environ.get("TIERUP_TEST_OTHER_PYTHONS", "").split(os.pathsep) if p]


# maturin's backend starts the program maturin.
PATH = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])


def pip(python, *args):
    command = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", *args]
    env = {**os.environ, "PATH": PATH}
    subprocess.run([str(word) for word in command], check=True, env=env)


def make_venv(python, folder):
    """Without pip, which not every interpreter can install; ours works on all of them."""
    command = [python, "-m", "venv", "--without-pip", folder / "venv"]
    subprocess.run(command, check=True)
    return folder / "venv/bin/python"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    pip(sys.executable, "wheel", "--no-deps", "--no-build-isolation", "-w", out, ROOT)
    [wheel] = out.iterdir()
    return wheel


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    out = tmp_path_factory.mktemp("sdist")
    code = "import tierup_build, sys; tierup_build.build_sdist(sys.argv[1])"
    env = {**os.environ, "PATH": PATH, "PYTHONPATH": str(ROOT / "python/build")}
    command = [sys.executable, "-c", code, str(out)]
    subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True)
    [sdist] = out.iterdir()
    return sdist


def test_wheel_contents(wheel):
    assert wheel.name.endswith("-cp314-cp314-linux_x86_64.whl")
    names = zipfile.ZipFile(wheel).namelist()
    native = [name for name in names if name.endswith(".so")]
    assert native == ["tierup/_native.cpython-314-x86_64-linux-gnu.so"]
    for name in ["__init__.py", "__main__.py", "py.typed", "_native.pyi"]:
        assert "tierup/" + name in names
    assert any(name.endswith("/platlib/tierup_autoload.pth") for name in names)
    assert not any("tierup_build" in name for name in names)
    assert any("LICENSE-MIT" in name for name in names)


def test_installed_wheel_works(wheel, tmp_path):
    executable = make_venv(sys.executable, tmp_path)
    pip(sys.executable, "--python", executable, "install", "--no-deps", wheel)
    python = Python(tmp_path, executable)
    code = "import tierup; print(tierup.is_enabled(), tierup.__file__)"
    result = python("-c", code, TIERUP="1", TIERUP_TIER="0")
    assert result.stdout.startswith(f"True {tmp_path}"), result.stderr
    assert result.stderr == ""


def test_sdist_is_complete(sdist, tmp_path):
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    [source] = tmp_path.iterdir()
    for name in ["python/build/tierup_build.py", "python/tierup/_control.py", "LICENSE-MIT"]:
        assert (source / name).exists(), name
    assert (source / "python/data/platlib/tierup_autoload.pth").exists()
    # Everything that the build of the module reads is there.
    command = ["cargo", "check", "--quiet", "--offline", "--package", "tierup-py"]
    env = {**os.environ, "PYO3_PYTHON": sys.executable}
    env["CARGO_TARGET_DIR"] = str(ROOT / "target/sdist")
    subprocess.run(command, cwd=source, env=env, check=True)


@pytest.fixture(scope="module", params=OTHERS or [None])
def other(request, sdist, tmp_path_factory):
    """An unsupported interpreter with the sdist installed."""
    if request.param is None:
        pytest.skip("no other interpreter on this machine")
    folder = tmp_path_factory.mktemp("other")
    executable = make_venv(request.param, folder)
    pip(sys.executable, "--python", executable, "install", sdist)
    return Python(folder, executable)


def test_unsupported_imports_and_stays_off(other):
    code = "import tierup; print(tierup.is_enabled(), tierup.stats()); tierup.disable()"
    result = other("-c", code)
    assert (result.stdout, result.stderr) == ("False {'events': []}\n", "")


def test_unsupported_says_so(other):
    code = "import tierup\ntry: tierup.enable()\nexcept tierup.UnsupportedError as e: print(e)"
    result = other("-c", code)
    assert "Tierup needs CPython 3.14 with the GIL on x86-64 Linux" in result.stdout
    assert result.stdout.count("\n") == 1
    assert result.stderr == ""


def test_unsupported_autoload_is_one_line(other):
    result = other("-c", "print(1)", TIERUP="1")
    assert (result.returncode, result.stdout) == (0, "1\n")
    assert result.stderr.count("\n") == 1
    assert result.stderr.endswith("; Tierup stays off\n")
    assert other("-c", "print(1)").stderr == ""


def test_unsupported_command_line(other):
    result = other("-m", "tierup", "-c", "print(1)")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert "Not available here" in other("-m", "tierup", "--help").stdout
