"""Packages that programs import, installed once per interpreter into folders of their own."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from tierup_bench.programs import BENCHES, pyperformance

PYPERFORMANCE = "pyperformance==1.14.0"
PYPERF = "pyperf==2.10.0"
# Old programs import distutils, which setuptools still has.
SETUPTOOLS = "setuptools==80.9.0"
REQUIREMENTS = BENCHES / "requirements.txt"


class Packages:
    def __init__(self, folder, say):
        self.folder = Path(folder)
        self.say = say

    def pyperformance(self, python):
        """pyperformance's own files; it is not imported, so one copy does for all interpreters."""
        folder = self.folder / PYPERFORMANCE
        if not (folder / "done").exists():
            self.say(f"installing {PYPERFORMANCE}")
            pip(python, folder, "--no-deps", PYPERFORMANCE)
            (folder / "done").touch()
        return folder / "pyperformance/data-files"

    def install(self, contestant, suite, data_files=None):
        """Installs what the suite's programs import; notes the folder and what could not be had."""
        if suite not in ("pyperformance", "real") or contestant.is_compiler:
            return
        folder = self.folder / f"{suite}-{contestant.origin['abi']}"
        stamp = folder / "installed.json"
        headers = self.headers(contestant)
        if not stamp.exists():
            shutil.rmtree(folder, ignore_errors=True)
            self.say(f"installing what {suite} imports for {contestant.title}")
            if suite == "real":
                wanted = [("-r", str(REQUIREMENTS))]
            else:
                wanted = [
                    ("--no-deps", PYPERF),
                    (SETUPTOOLS,),
                    *pyperformance_requirements(data_files),
                ]
            failed = {}
            for arguments in wanted:
                try:
                    pip(contestant.python, folder, *arguments, CPATH=headers)
                except subprocess.CalledProcessError as error:
                    failed[what(arguments[-1])] = last_line(error.stderr)
                    self.say(f"{what(arguments[-1])}: {last_line(error.stderr)}")
            folder.mkdir(parents=True, exist_ok=True)
            stamp.write_text(json.dumps({"versions": versions(folder), "failed": failed}))
        contestant.packages[suite] = str(folder)
        contestant.origin.setdefault("packages", {})[suite] = json.loads(stamp.read_text())

    def headers(self, contestant):
        """A folder for C compilers: an unpacked Debian keeps a part of its headers per machine."""
        folder = self.folder / "headers" / contestant.origin["abi"]
        for found in Path(contestant.origin["base_prefix"]).glob("include/*-linux-gnu/*py*3*"):
            link = folder / found.parent.name / found.name
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.is_symlink():
                link.symlink_to(found)
        return str(folder)

    def tasks(self, key, find):
        """Remembers across runs what ``find`` found, if it found anything."""
        path = self.folder / PYPERFORMANCE / "tasks.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        if key in known:
            return known[key]
        found = find()
        if found:
            known[key] = found
            path.write_text(json.dumps(known))
        return found


def pyperformance_requirements(data_files):
    """Each program's own pinned requirements; 2to3 brings a package along."""
    for home in sorted({Path(program.path).parent for program in pyperformance(data_files)}):
        if (home / "requirements.txt").exists():
            yield "-r", str(home / "requirements.txt")
        if (home / "vendor").exists():
            yield (str(home / "vendor"),)


def pip(python, folder, *arguments, **variables):
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += [
        "--root-user-action=ignore",
        "--no-warn-script-location",
        "--prefer-binary",
        "--upgrade",
    ]
    command += ["--target", str(folder), *arguments]
    subprocess.run(
        command,
        check=True,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **variables},
    )


def what(requirement):
    """`bm_django_template` for the path of that program's requirements."""
    path = Path(requirement)
    return path.parent.name if path.is_absolute() else requirement


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["pip failed"])[-1]


def versions(folder):
    """The distributions in a folder: name and version."""
    found = {}
    for info in sorted(Path(folder).glob("*.dist-info")):
        name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
        found[name] = version
    return found
