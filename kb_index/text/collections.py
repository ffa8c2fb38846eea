"""The plain text collections: background questions, judged messages, evaluation questions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kb_index.errors import TextsRefused

TO_SERVICE = ("zh", "en", "_chats", "_service")
SAID_TO_SERVICE = 2.0


@dataclass(frozen=True)
class JudgedMessage:
    """A message that somebody judged as unhappy or not; happy when it praises rather than asks.

    weight says how much it counts in training: what is said to customer service counts more than a review.
    """

    text: str
    unhappy: bool
    happy: bool = False
    weight: float = 1.0


@dataclass(frozen=True)
class AskedQuestion:
    """An evaluation question; article is None when the knowledge base must not answer it."""

    text: str
    article: str | None
    also: tuple[str, ...]
    language: str
    kind: str

    @property
    def right(self) -> frozenset[str]:
        return frozenset({*self.also, *([self.article] if self.article else [])})


def read_background(folder: Path) -> list[str]:
    """One question per line from all *.txt files; an absent folder gives none."""
    found: list[str] = []
    for path in sorted(folder.glob("*.txt")):
        found.extend(line.strip() for _, line in _lines(path) if line.strip())
    return list(dict.fromkeys(found))


def read_judged_messages(path: Path) -> list[JudgedMessage]:
    """Lines {"text", "unhappy"} of one file, with "happy" where the message praises."""
    return [
        JudgedMessage(
            _field(path, line, values, "text", str),
            _field(path, line, values, "unhappy", bool),
            "happy" in values and _field(path, line, values, "happy", bool),
        )
        for line, values in json_lines(path)
    ]


def read_mood(folder: Path) -> list[JudgedMessage]:
    """The judged messages of all *.jsonl files; an absent folder gives none.

    What customers say to a service lies in the files named after a language alone or ending in _chats or _service; it
    counts SAID_TO_SERVICE times as much as the rest, which is reviews, phrases and everyday life.
    """
    return [
        replace(message, weight=SAID_TO_SERVICE if path.stem.endswith(TO_SERVICE) else 1.0)
        for path in sorted(folder.glob("*.jsonl"))
        for message in read_judged_messages(path)
    ]


def read_questions(path: Path) -> list[AskedQuestion]:
    """Evaluation lines {"text", "article", "also", "language", "kind"} of one file."""
    return [
        AskedQuestion(
            text=_field(path, line, values, "text", str),
            article=_field(path, line, values, "article", str | None),
            also=tuple(_field(path, line, values, "also", list)),
            language=_field(path, line, values, "language", str),
            kind=_field(path, line, values, "kind", str),
        )
        for line, values in json_lines(path)
    ]


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        try:
            yield number, line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise TextsRefused(str(path), number, "not valid UTF-8: save the file as UTF-8") from error


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file with one in each line, with their line numbers; raises TextsRefused."""
    for number, line in _lines(path):
        line = line.removeprefix("\ufeff")  # spreadsheets put a mark in front of UTF-8
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except ValueError as error:
            raise TextsRefused(str(path), number, f"not JSON ({error}): write one object per line") from error
        if not isinstance(values, dict):
            raise TextsRefused(str(path), number, "not a JSON object: write one object per line")
        yield number, values


def _field(path: Path, line: int, values: dict[str, Any], key: str, kind: Any) -> Any:
    if key not in values or not isinstance(values[key], kind):
        expected = getattr(kind, "__name__", str(kind))
        raise TextsRefused(str(path), line, f"{key!r} must be given as {expected}, not {values.get(key)!r}")
    return values[key]
