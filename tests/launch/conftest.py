"""Starts launchers as real processes and makes sure that a failing test leaves none behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0


class Launcher:
    """A trial launcher on `var`; `output` is everything it has printed."""

    def __init__(self, var: Path, parts: tuple[str, ...], *, start_s: float = 15.0) -> None:
        self.var = var
        var.mkdir(parents=True, exist_ok=True)
        self._printed = var / "printed.txt"
        with self._printed.open("ab") as file:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    str(Path(__file__).with_name("trial_launcher.py")),
                    str(var),
                    str(start_s),
                    *parts,
                ],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=file,
                stderr=file,
            )

    @property
    def output(self) -> str:
        return self._printed.read_text()

    def state(self) -> dict[str, Any]:
        """run.json as this launcher wrote it, {} while it has not."""
        with suppress(FileNotFoundError):
            state: dict[str, Any] = json.loads((self.var / "run.json").read_text())
            return state if state["launcher"] == self.process.pid else {}
        return {}

    def ready(self) -> dict[str, Any]:
        """Waits until all parts answer; returns run.json's parts."""
        eventually(lambda: self.state().get("ready") is True, what="all parts ready", more=lambda: self.output)
        return dict(self.state()["parts"])

    def wait(self) -> int:
        return self.process.wait(PATIENCE_S)


def eventually(condition: Callable[[], object], *, what: str, more: Callable[[], str] = lambda: "") -> None:
    """Waits until the condition holds; fails with `what` after PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {PATIENCE_S:.0f} s: {what}\n{more()}")
        time.sleep(0.05)


def lives(pid: int) -> bool:
    """The process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def free_ports() -> list[int]:
    """Four ports that nobody uses."""
    return [free_port() for _ in range(4)]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., Launcher]]:
    """launch("name:port:options", …) starts a trial launcher on a fresh state folder."""
    started: list[Launcher] = []

    def start(*parts: str, var: Path = tmp_path / "var", start_s: float = 15.0) -> Launcher:
        started.append(Launcher(var, parts, start_s=start_s))
        return started[-1]

    yield start
    for launcher in started:
        launcher.process.terminate()
        launcher.process.wait(PATIENCE_S)
