"""var/run.json: what runs on a state folder, for `make demo`, tests and people."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handoff_service.launch.lock import lock_holder

LOCK_NAME = "launcher.lock"


def write_running(var: Path, parts: Mapping[str, Mapping[str, Any]]) -> None:
    """{"launcher": pid, "ready": all parts answer, "parts": {name: {"pid", "url", "ready", "restarts"}}}."""
    state = {
        "launcher": os.getpid(),
        "ready": all(part["ready"] for part in parts.values()),
        "parts": parts,
    }
    fresh = var / "run.json.new"
    fresh.write_text(json.dumps(state, indent=2))
    fresh.replace(var / "run.json")


def read_running(var: Path) -> dict[str, Any] | None:
    """The state as written by a launcher that still lives, None when there is none."""
    holder = lock_holder(var / LOCK_NAME)
    if holder is None:
        return None
    try:
        state: dict[str, Any] = json.loads((var / "run.json").read_text())
    except (FileNotFoundError, ValueError):
        return None
    return state if state.get("launcher") == holder else None


def forget_running(var: Path) -> None:
    """Nothing runs any more."""
    (var / "run.json").unlink(missing_ok=True)
