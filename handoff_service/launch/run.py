"""One command of `make test`, `make check` or `make soak`."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Run:
    """`report` is the JUnit file of a test run, `alone` the command that plays one of its tests, whose id is added."""

    title: str
    command: Sequence[str]
    cwd: Path
    environment: Mapping[str, str]
    report: Path | None = None
    alone: Sequence[str] = ()


def show(run: Run) -> int:
    """Runs the command at the terminal and returns its exit code."""
    print(f"\n=== {run.title} ===", flush=True)
    return subprocess.run(run.command, cwd=run.cwd, env=dict(run.environment), stdin=subprocess.DEVNULL).returncode
