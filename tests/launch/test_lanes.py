"""`make test`: runs beside each other do not wait for each other, and what they say is not mixed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from handoff_service.launch.lanes import side_by_side
from handoff_service.launch.run import Run
from tests.launch.conftest import eventually, lives

ROOT = Path(__file__).resolve().parents[2]
# Gives a sign of itself, and waits for that of another: only runs that live at the same time come to an end.
MEETS = """
import pathlib, sys, time
mine, other, code = sys.argv[1:]
print(mine, "begins", flush=True)
pathlib.Path(mine).touch()
until = time.monotonic() + 20
while not pathlib.Path(other).exists() and time.monotonic() < until:
    time.sleep(0.01)
print(mine, "ends", flush=True)
sys.exit(int(code) if pathlib.Path(other).exists() else 99)
"""


def run(folder: Path, mine: str, other: str, code: int = 0) -> Run:
    command = [sys.executable, "-c", MEETS, mine, other, str(code)]
    return Run(title=mine, command=command, cwd=folder, environment=dict(os.environ))


def test_lanes_run_at_once_and_each_in_its_order(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lanes = [
        [run(tmp_path, "a1", "b1"), run(tmp_path, "a2", "b2", 3)],
        [run(tmp_path, "b1", "a1", 5), run(tmp_path, "b2", "a2")],
    ]
    played = side_by_side(lanes)
    assert [(one.run.title, one.code) for one in played] == [("a1", 0), ("a2", 3), ("b1", 5), ("b2", 0)]
    said = capfd.readouterr().out
    assert "=== b1 ===\nb1 begins\nb1 ends\n" in said, "what is said beside the terminal is told in one piece"
    assert said.index("=== b1: begins beside the others ===") < said.index("=== b1 ===") < said.index("=== b2 ===")


def test_a_launcher_that_is_ended_leaves_no_run_behind(tmp_path: Path) -> None:
    waiting = "import os, pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); time.sleep(300)"
    code = f"""
import signal, sys
from pathlib import Path
from handoff_service.launch.lanes import side_by_side
from handoff_service.launch.run import Run
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
def run(name):
    command = [sys.executable, "-c", {waiting!r}, name]
    return Run(title=name, command=command, cwd=Path({str(tmp_path)!r}), environment={{}})
side_by_side([[run("one")], [run("two")]])
"""
    launcher = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    files = [tmp_path / "one", tmp_path / "two"]
    eventually(lambda: all(file.exists() and file.read_text() for file in files), what="both runs have begun")
    launcher.send_signal(signal.SIGTERM)
    assert launcher.wait(20) == 143
    assert not [file.name for file in files if lives(int(file.read_text()))]
