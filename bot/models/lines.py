"""Reviewed lines: what people at the desk made of misunderstood messages, as training data of its own.

They lie in the state folder, not in data/: they belong to this installation. The gateway keeps the originals and
sends all of them with every training, so a line that was taken back there is gone here too.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FILE = "reviewed.yml"
LONGEST = 300
MOST = 20_000
INTENT = re.compile(r"[a-z][a-z0-9_]{0,63}")


class BadLine(Exception):
    """A line that cannot be trained on; the text says which one and why."""

    status = 422


@dataclass(frozen=True, order=True)
class Line:
    """One example: what a customer may write, without anything personal, and what he means by it."""

    intent: str
    text: str


def read_lines(told: Any) -> list[Line]:
    """The lines of a request, [{"intent", "text"}], each once and in a fixed order. Raises BadLine."""
    if not isinstance(told, list) or len(told) > MOST:
        raise BadLine(f"lines must be a list of at most {MOST}")
    return sorted({_line(number, each) for number, each in enumerate(told, 1)})


def _line(number: int, told: Any) -> Line:
    intent, text = (told.get("intent"), told.get("text")) if isinstance(told, Mapping) else (None, None)
    if not isinstance(intent, str) or not INTENT.fullmatch(intent):
        raise BadLine(f"line {number} names no intent")
    if not isinstance(text, str) or not 0 < len(plain(text)) <= LONGEST:
        raise BadLine(f"line {number} must have a text of 1 to {LONGEST} characters")
    return Line(intent, plain(text))


def plain(text: str) -> str:
    """The text on one line, without what Rasa's training format would read as markup: [value](entity), {…}, a slash."""
    one_line = " ".join(text.split())
    return re.sub(r"[\[\]{}|\\]", " ", one_line).strip().lstrip("/-# ").strip()


def as_yaml(lines: Iterable[Line]) -> str:
    """The lines as a Rasa training file."""
    by_intent: dict[str, list[str]] = {}
    for line in sorted(lines):
        by_intent.setdefault(line.intent, []).append(line.text)
    parts = ['version: "3.1"\n', "nlu:" if by_intent else "nlu: []"]
    for intent, texts in by_intent.items():
        parts += [f"- intent: {intent}", "  examples: |", *(f"    - {text}" for text in texts)]
    return "\n".join(parts) + "\n"


def write(folder: Path, lines: Iterable[Line]) -> Path:
    """Replaces the folder's file; where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    fresh = path.with_name(f".{FILE}.{os.getpid()}")
    fresh.write_text(as_yaml(lines), encoding="utf-8")
    os.replace(fresh, path)
    return path


def read(folder: Path) -> list[Line]:
    """The lines of the folder's file; none when there is no such file. Raises BadLine for one of another shape."""
    try:
        told = yaml.safe_load((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise BadLine(f"{folder / FILE} cannot be read: {error}") from error
    try:
        blocks = [(block["intent"], block["examples"]) for block in told["nlu"]]
        return [
            Line(intent, text.strip().removeprefix("- "))
            for intent, examples in blocks
            for text in examples.splitlines()
            if text.strip()
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise BadLine(f"{folder / FILE} is not a file of reviewed lines: {error!r}") from error
