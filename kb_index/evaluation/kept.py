"""The last run of each evaluation, kept so that the next one can tell what has changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from kb_index.index.durable import replace_durably
from kb_index.settings import Settings

SINCE = 0.0005
"""Figures that differ by less are printed the same."""

NOT_QUALITY = frozenset({"embed_ms", "search_ms_p50", "search_ms_p95", "build_s", "peak_mb"})
"""They tell more about how busy the machine was."""

Groups = Mapping[str, Mapping[str, float | None]]
"""Figures by group of questions."""


def told_against_the_last(settings: Settings, run: str, groups: Groups, *, now: datetime) -> list[str]:
    """Keep a run's figures in place of the last one of this name; the lines that tell what has moved against it.

    A group that was not measured this time stays as it was measured last.
    """
    path = settings.var / "reports" / "evaluation.json"
    kept = _read(path)
    last = kept.get(run, {})
    before = last.get("groups", {})
    wanted = {
        name: {key: figures[key] for key in figures if key not in NOT_QUALITY} for name, figures in groups.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    kept[run] = {"at": now.isoformat(timespec="seconds"), "groups": {**before, **wanted}}
    replace_durably(path, json.dumps(kept, ensure_ascii=False, indent=1).encode())
    if not before:
        return [f"Kept in {path}; the next run tells what it has changed."]
    moved = [
        f"  {name} {key} {_shown(before[name].get(key))} -> {_shown(value)}"
        for name, figures in wanted.items()
        for key, value in figures.items()
        if name in before and _differ(before[name].get(key), value)
    ]
    return [f"Against the run of {last['at']}:" + ("" if moved else " nothing moved."), *moved]


def _read(path: Path) -> dict[str, Any]:
    """What was kept; nothing when there is no such file, or one that somebody has broken."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _differ(before: float | None, now: float | None) -> bool:
    if before is None or now is None:
        return before is not now
    return abs(now - before) >= SINCE


def _shown(value: float | None) -> str:
    return "-" if value is None else str(value) if isinstance(value, int) else f"{value:.3f}"
