"""`make test`: what fell in a crowd gets a second try alone, is told in the last line, and hides no failure."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from handoff_service.launch.junit import Counts
from handoff_service.launch.run import Run, show
from handoff_service.launch.runs import summed_up
from handoff_service.launch.second_try import cache_of, forget, judge

FEW = [f"tests/test_{letter}.py::test_some[{letter}-b/c]" for letter in "abc"]
Show = Callable[[Run], int]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(
        title="tests",
        command=["crowd"],
        cwd=tmp_path,
        environment={},
        report=tmp_path / "main.xml",
        alone=["alone"],
    )


def report(path: Path, *, passed: int = 0, failed: int = 0, skipped: int = 0) -> None:
    cases = ["<testcase/>"] * passed
    cases += ["<testcase><failure/></testcase>"] * failed + ["<testcase><skipped/></testcase>"] * skipped
    path.write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")


def crowd(
    fallen: list[str], *, code: int = 1, failed: int | None = None, again: str = "passed", played: list[str]
) -> Show:
    """A `show` in which these fell in the crowd, and what each of them does alone."""

    def shown(run: Run) -> int:
        assert run.report is not None
        if run.command[0] == "crowd":
            report(run.report, passed=7, failed=len(fallen) if failed is None else failed, skipped=2)
            note = cache_of(run.report) / "v" / "cache" / "lastfailed"
            note.parent.mkdir(parents=True)
            note.write_text(json.dumps(dict.fromkeys(fallen, True)))
            return code
        played.append(run.command[-1])
        report(run.report, **{again: 1})
        return int(again == "failed")

    return shown


def play(run: Run, show: Show) -> Counts:
    forget(run)
    return judge(run, show(run), show)


def test_what_passes_alone_is_told_in_the_last_line(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    played: list[str] = []
    show = crowd(FEW[:2], played=played)
    assert summed_up([run], show) == 0
    assert played == FEW[:2], "one at a time"
    *_, row, last = capsys.readouterr().out.splitlines()
    assert row.split()[0] == "ALONE"
    assert last == f"9 passed, 0 failed, 2 skipped; 2 PASSED ONLY ALONE: {FEW[0]}, {FEW[1]}"


@pytest.mark.parametrize("again", ["failed", "skipped"])
def test_what_does_not_pass_alone_fails_it_all(run: Run, again: str, capsys: pytest.CaptureFixture[str]) -> None:
    show = crowd(FEW[:2], again=again, played=[])
    assert summed_up([run], show) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "7 passed, 2 failed, 2 skipped"


def test_few_of_each_run_may_be_too_many_in_all(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = replace(run, title="the whole product", report=tmp_path / "whole.xml")
    show = crowd(FEW[:2], played=[])
    assert summed_up([run, other], show) == 1
    assert "FAILED 4 tests passed only alone; 3 may." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("fallen", "code", "failed"),
    [
        ([*FEW, "tests/test_d.py::test_some"], 1, None),
        (["tests/test_a.py"], 1, None),
        ([*FEW[:1], "tests/test_a.py"], 1, None),
        (FEW[:1], 2, None),
        (FEW[:1], 1, 2),
        ([], 1, 0),
    ],
    ids=["too many", "a file that cannot be imported", "a file too", "interrupted", "one that nobody named", "none"],
)
def test_anything_else_gets_no_second_try(run: Run, fallen: list[str], code: int, failed: int | None) -> None:
    played: list[str] = []
    counts = play(run, crowd(fallen, code=code, failed=failed, played=played))
    assert played == []
    assert counts.failed > 0


def test_what_failed_in_an_earlier_run_is_forgotten(run: Run) -> None:
    played: list[str] = []
    play(run, crowd(FEW[:1], played=played))
    assert play(run, crowd(FEW[1:2], played=played)) == Counts(passed=8, skipped=2, alone=(FEW[1],))
    assert played == FEW[:2]


@pytest.mark.parametrize("sound", [True, False])
def test_several_real_workers_and_a_test_that_dislikes_company(tmp_path: Path, run: Run, sound: bool) -> None:
    name = "test_shy[a b/c]"
    (tmp_path / "test_crowd.py").write_text(
        "import os, pytest\n"
        "def test_good(): pass\n"
        f"@pytest.mark.parametrize('x', [{'a b/c'!r}])\n"
        f"def test_shy(x): assert {sound} and 'PYTEST_XDIST_WORKER' not in os.environ\n"
    )
    pytest_ = [sys.executable, "-m", "pytest", "-q", "-p", "no:asyncio", "--rootdir=.", "-c", os.devnull]
    assert run.report is not None
    crowded = [*pytest_, "-n", "1", f"--junitxml={run.report}", "-o", f"cache_dir={cache_of(run.report)}"]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    real = Run(**{**vars(run), "command": crowded, "alone": pytest_, "environment": kept})
    expected = Counts(passed=2, alone=(f"test_crowd.py::{name}",)) if sound else Counts(passed=1, failed=1)
    assert play(real, show) == expected
