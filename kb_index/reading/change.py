"""One place of a text that is read as something else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Why a text is read otherwise than it is written."""

    SPELLING = "spelling"
    PINYIN = "pinyin"
    SOUND = "sound"
    MIXED = "mixed"
    FOLLOW_UP = "follow_up"


@dataclass(frozen=True)
class Change:
    """text[start:end] is read as `to`; not sure means that both readings deserve a search."""

    start: int
    end: int
    to: str
    kind: Kind
    sure: bool = True


@dataclass(frozen=True)
class Note:
    """What was read as what, for whoever sees the answer."""

    kind: Kind
    before: str
    after: str


def apart(changes: Iterable[Change]) -> list[Change]:
    """The changes in the order of the text; of those that overlap the one that was found first."""
    kept: list[Change] = []
    for change in changes:
        if all(change.end <= other.start or other.end <= change.start for other in kept):
            kept.append(change)
    return sorted(kept, key=lambda change: change.start)


def changed(text: str, changes: Iterable[Change]) -> str:
    """The text with all changes made; they must not overlap."""
    for change in sorted(changes, key=lambda change: -change.start):
        text = text[: change.start] + change.to + text[change.end :]
    return text
