"""How far a training is, in a file that other processes read, and the lock that keeps trainings apart."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from bot.models.versions import ModelError, write_whole

FILE = "training.json"
LOCK = "training.lock"
STAGES = ("reading", "training", "checking", "asking", "stories", "done")
"""In this order: reads the data, fits, measures the held-out lines, asks for a person, plays stories, is over."""

Say = Callable[[str], None]


class AlreadyTraining(ModelError):
    """Another training is under way; one at a time."""


@dataclass
class Progress:
    """Writes where a training is; `say` tells a person who waits at a terminal."""

    folder: Path
    by: str
    say: Say = lambda _: None
    started_at: str = field(default_factory=lambda: now())

    def at(self, stage: str, text: str) -> None:
        """A stage begins."""
        number = STAGES.index(stage) + 1
        self.say(f"[{number}/{len(STAGES)}] {text}")
        self._write(stage=stage, text=text)

    def over(self, *, version: str | None, result: str, text: str) -> None:
        """The training is over; `result` is "live", "current", "refused" or "failed"."""
        self.say(text)
        self._write(stage="done", text=text, version=version, result=result)

    def _write(self, **told: Any) -> None:
        write_whole(
            self.folder / FILE,
            {"pid": os.getpid(), "by": self.by, "started_at": self.started_at, "at": now(), **told},
        )


@contextmanager
def only_training(folder: Path) -> Iterator[None]:
    """Holds the lock of a models folder; it goes with the process, however that ends. Raises AlreadyTraining."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyTraining("another training is under way; wait until it is over") from None
        yield


def is_training(folder: Path) -> bool:
    """Whether some process trains into this folder now."""
    try:
        with only_training(folder):
            return False
    except AlreadyTraining:
        return True
    except OSError:  # a folder that cannot be written to
        return False


def read_progress(folder: Path) -> dict[str, Any] | None:
    """The newest training: {"stage", "stages", "text", "by", "started_at", "at", "running", …}; None without one.

    One that was killed is over, with the result "failed".
    """
    try:
        told: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    running = told["stage"] != "done" and is_training(folder)
    if not running and told["stage"] != "done":
        told |= {"stage": "done", "result": "failed", "version": None, "text": f"stopped while {told['stage']}"}
    told.pop("pid", None)
    return {**told, "running": running, "step": STAGES.index(told["stage"]) + 1, "steps": len(STAGES)}


def now() -> str:
    """This moment, ISO 8601 in UTC."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
