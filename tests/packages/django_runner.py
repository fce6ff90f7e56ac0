"""Settings and runner for Django's own tests: SQLite, and each test's outcome written down."""

import unittest

from django.test.runner import DiscoverRunner
from outcomes import Log
from test_sqlite import *  # noqa: F403

TEST_RUNNER = "django_runner.Runner"


class Result(unittest.TextTestResult):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.log = Log()

    def startTest(self, test):
        super().startTest(test)
        self.log.start(test.id())

    def stopTest(self, test):
        super().stopTest(test)
        self.log.end(test.id())

    def addSuccess(self, test):
        super().addSuccess(test)
        self.log.note(test.id(), "passed")

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.log.note(test.id(), "xfailed")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.log.note(test.id(), "xpassed")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.log.note(test.id(), "failed", self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.log.note(test.id(), "error", self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.log.note(test.id(), "failed", self._exc_info_to_string(err, test))


class Runner(DiscoverRunner):
    def get_resultclass(self):
        return Result
