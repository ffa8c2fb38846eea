"""How well promises are found in labelled lines, and how many of the times are right: figures for `make evaluate`.

A line is {"id": "seen-zh-001", "language", "by": "agent" or "bot", "text", "promised": bool, "due"?: local time}.
Each is said on Tuesday 3 November 2026 at 14:00 in Shanghai, where people work Monday to Friday, 09:00 to 18:30. Half
of the lines promise nothing. The words were chosen by looking at the half `seen` only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from handoff_service.calendars.model import Calendar
from handoff_service.calendars.settings import WORKDAYS, Opening
from handoff_service.promises.detect import promises_made
from handoff_service.promises.when import Said

ZONE = ZoneInfo("Asia/Shanghai")
OFFICE = Calendar(ZONE, (Opening.model_validate({"days": WORKDAYS, "from": "09:00", "to": "18:30"}),))
SAID = Said(datetime(2026, 11, 3, 14, 0, tzinfo=ZONE), OFFICE)


@dataclass
class Measured:
    """Counts over some lines; the others are told in words."""

    right: int = 0
    wrong: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    refused: int = 0
    times: int = 0
    mistimed: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        found = self.right + len(self.wrong)
        return self.right / found if found else 1.0

    @property
    def recall(self) -> float:
        promised = self.right + len(self.missed)
        return self.right / promised if promised else 1.0

    def figures(self) -> dict[str, Any]:
        return {
            "promises": self.right + len(self.missed),
            "look_alikes": self.refused + len(self.wrong),
            "precision": round(self.precision, 4),
            "recall": round(self.recall, 4),
            "times": self.times,
            "times_right": self.times - len(self.mistimed),
        }


def read(path: Path) -> list[dict[str, Any]]:
    """The labelled lines. Raises ValueError with the line that is wrong."""
    lines = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            lines.append(json.loads(line))
        except ValueError as error:
            raise ValueError(f"{path}:{number}: not JSON; write one object per line") from error
    return lines


def measure(lines: Iterable[Mapping[str, Any]]) -> Measured:
    """Compares what is found in the lines with their labels."""
    told = Measured()
    for line in lines:
        found = list(promises_made(line["text"], SAID, by_person=line["by"] == "agent"))
        if line["promised"]:
            if found:
                told.right += 1
            else:
                told.missed.append(line["text"])
        elif found:
            told.wrong.append(line["text"])
        else:
            told.refused += 1
        if found and "due" in line:
            told.times += 1
            wanted = datetime.fromisoformat(line["due"]).replace(tzinfo=ZONE)
            times = [one.due_at for one in found]
            if wanted not in times:
                told.mistimed.append(f"{line['text']} {[one and str(one.astimezone(ZONE)) for one in times]}")
    return told


def report(path: Path) -> dict[str, Any]:
    """The figures as JSON: of all lines, of each half, of each language."""
    lines = read(path)
    parts = {"all": lines}
    for half in ("seen", "unseen"):
        parts[half] = [line for line in lines if line["id"].startswith(f"{half}-")]
    for language in ("zh", "en"):
        parts[language] = [line for line in lines if line["language"] == language]
    return {part: measure(listed).figures() for part, listed in parts.items()}
