"""Writes what becomes of each test, as it happens: a process that dies leaves what it knew.

A pytest plugin (`-p outcomes`); django_runner.py uses it for unittest. One JSON array a line: `["start", id]`, then
`["end", id, outcome, text]`. Only the outer pytest loads it: that a test runs pytest of its own changes nothing.
"""

import json
import os

# A test's outcome is the last of these that is noted for it.
_RANK = ["skipped", "passed", "xfailed", "xpassed", "failed", "error"]
_LINES = 30


class Log:
    def __init__(self):
        # Unbuffered, and not inherited by what a test starts.
        self.file = os.open(
            os.environ["OUTCOMES_FILE"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644
        )
        self.process = os.getpid()
        self.noted = {}

    def write(self, *words):
        # A forked child that runs the rest of a test reports nothing.
        if os.getpid() == self.process:
            os.write(self.file, json.dumps(words).encode() + b"\n")

    def start(self, test):
        self.noted[test] = "skipped", ""
        self.write("start", test)

    def note(self, test, outcome, text=""):
        if _RANK.index(outcome) > _RANK.index(self.noted.get(test, ("skipped",))[0]):
            self.noted[test] = outcome, "\n".join(text.splitlines()[-_LINES:])

    def end(self, test):
        self.write("end", test, *self.noted.pop(test))


class Plugin:
    def __init__(self):
        self.log = Log()

    def pytest_runtest_logstart(self, nodeid):
        self.log.start(nodeid)

    def pytest_runtest_logreport(self, report):
        expected = hasattr(report, "wasxfail")
        if report.skipped:
            self.log.note(report.nodeid, "xfailed" if expected else "skipped")
        elif report.failed:
            self.log.note(
                report.nodeid, "failed" if report.when == "call" else "error", report.longreprtext
            )
        elif report.when == "call":
            self.log.note(report.nodeid, "xpassed" if expected else "passed")

    def pytest_runtest_logfinish(self, nodeid):
        self.log.end(nodeid)

    def pytest_collectreport(self, report):
        if report.failed:
            self.log.start(report.nodeid)
            self.log.note(report.nodeid, "error", report.longreprtext)
            self.log.end(report.nodeid)


def pytest_configure(config):
    config.pluginmanager.register(Plugin(), "outcomes-log")
