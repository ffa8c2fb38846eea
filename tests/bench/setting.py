"""What every section gets: the parts that run, the launcher's settings, a folder that is removed afterwards."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from handoff_service.launch.settings import Settings

SEED = 20261101


@dataclass(frozen=True)
class Question:
    """A question that the knowledge base can answer."""

    text: str
    language: str


@dataclass(frozen=True, kw_only=True)
class Bench:
    """`folder` lies on the disk of the state folder, so that a commit costs what it costs there."""

    settings: Settings
    environment: Mapping[str, str]
    parts: Mapping[str, Mapping[str, object]]
    folder: Path
    with_default: bool
    with_million: bool = False
    peers: str = sys.executable
    """Interpreter of the environment that the other products are in."""

    def url(self, part: str) -> str:
        """Where a part answers."""
        return str(self.parts[part]["url"])

    @property
    def shop_url(self) -> str:
        """The page on which the widget lives; where nothing runs, the one that a gateway of the bench lets in."""
        return self.url("shop") if "shop" in self.parts else self.settings.shop_url


def read_questions(root: Path, count: int) -> list[Question]:
    """The same `count` evaluation questions each time, Chinese and English mixed."""
    lines = (root / "data" / "evaluation" / "answerable.jsonl").read_text().splitlines()
    questions = [Question(raw["text"], raw["language"]) for raw in map(json.loads, lines)]
    return random.Random(SEED).sample(questions, count)
