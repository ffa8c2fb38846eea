"""A second try for the few tests that fell in a crowd: each is played alone, and the summary names it loudly.

Other tests and other work on the machine can make a test wait longer than it allows. That is a weakness of the test,
so it is told in the last line, but it is no fault of what is tested, so it does not fail the run.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from handoff_service.launch.junit import Counts, judged, read_counts
from handoff_service.launch.run import Run

# More than these are no accident of a busy machine.
MOST = 3
TESTS_FAILED = 1  # pytest's exit code; the others mean that tests were not collected, or not played to the end


def forget(run: Run) -> None:
    """Removes what an earlier run has left in the place of the report, so that it is not taken for this one's."""
    if run.report is not None:
        run.report.unlink(missing_ok=True)
        shutil.rmtree(cache_of(run.report), ignore_errors=True)


def judge(run: Run, code: int, show: Callable[[Run], int]) -> Counts:
    """Counts of a run that has ended; what fell in a crowd is played again alone. `failed` is 0 only if all is well."""
    if run.report is None:
        return Counts(failed=int(code != 0))
    counts = judged(read_counts(run.report), code)
    names = fallen(cache_of(run.report)) if run.alone and code == TESTS_FAILED else []
    if counts.failed != len(names) or len(names) > MOST:  # nothing may fail that is not played again
        return counts
    if not names or not all(_passes_alone(run, name, show) for name in names):
        return counts
    return Counts(passed=counts.passed + len(names), skipped=counts.skipped, alone=tuple(names))


def cache_of(report: Path) -> Path:
    """The folder in which pytest notes what failed, for `-o cache_dir=`: one for each run."""
    return report.with_suffix(".cache")


def fallen(cache: Path) -> list[str]:
    """The ids of the tests that failed; none when anything but a test did, such as the import of a file."""
    try:
        names = list(json.loads((cache / "v" / "cache" / "lastfailed").read_text()))
    except (OSError, ValueError):
        return []
    return names if all("::" in name for name in names) else []


def _passes_alone(run: Run, name: str, show: Callable[[Run], int]) -> bool:
    assert run.report is not None, "only a run with a report is played again"
    report = run.report.with_name("alone.xml")
    report.unlink(missing_ok=True)
    command = [*run.alone, f"--junitxml={report}", name]
    code = show(replace(run, title=f"alone: {name}", command=command, report=report))
    counts = judged(read_counts(report), code)
    return counts.failed == 0 and counts.passed > 0 and counts.skipped == 0
