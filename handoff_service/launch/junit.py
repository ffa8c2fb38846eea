"""Counts of a test run, read from its JUnit report."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many tests passed, failed (errors too) and were skipped; `alone` names those that passed only alone."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    alone: tuple[str, ...] = ()

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            passed=self.passed + other.passed,
            failed=self.failed + other.failed,
            skipped=self.skipped + other.skipped,
            alone=self.alone + other.alone,
        )

    def __str__(self) -> str:
        only = f"; {len(self.alone)} PASSED ONLY ALONE: {', '.join(self.alone)}" if self.alone else ""
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped{only}"


def read_counts(report: Path) -> Counts:
    """Zero of everything when there is no readable report: the run died before it could write one."""
    try:
        cases = list(ET.parse(report).getroot().iter("testcase"))
    except (OSError, ET.ParseError):
        return Counts()
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    skipped = sum(1 for case in cases if case.find("skipped") is not None)
    return Counts(passed=len(cases) - failed - skipped, failed=failed, skipped=skipped)


def judged(counts: Counts, exit_code: int) -> Counts:
    """A run that failed without a failed test (no tests, a crash, a broken import) counts as one failure."""
    if counts.failed == 0 and (exit_code != 0 or counts.passed == 0):
        return counts + Counts(failed=1)
    return counts
