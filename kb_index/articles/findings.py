"""What the checks say: a Finding is for the owner of an article, a Doubt holds its answer back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class FindingKind(StrEnum):
    CONTRADICTION = "contradiction"
    PLACEHOLDER = "placeholder"
    EXPIRED = "expired"
    REVIEW = "review"
    SAME_QUESTION = "same-question"
    NEAR_DUPLICATE = "near-duplicate"
    BROKEN_LINK = "broken-link"
    REFUSED = "refused"
    HELD_BACK = "held-back"  # an import left it a draft


OF_PUBLISHED = tuple(kind for kind in FindingKind if kind is not FindingKind.HELD_BACK)
"""Findings that whoever looks at all that is published can tell to be gone."""


class Severity(StrEnum):
    """An error must be repaired or accepted before publishing; a warning is for the owner to judge."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing for the owner of an article; `subject` tells it from others of its kind in the same article."""

    kind: FindingKind
    severity: Severity
    article: str
    language: str
    owner: str
    subject: str
    message: str
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cause(self) -> str:
        """The same for the same cause on every day, so that its task is opened once."""
        said = f"{self.kind}\0{self.article}\0{self.language}\0{self.subject}"
        return hashlib.sha256(said.encode()).hexdigest()[:32]

    def __str__(self) -> str:
        return f"{self.severity}: {self.language}/{self.article}: {self.message}"


@dataclass(frozen=True)
class Doubt:
    """Why an article is not answered on a day: what it states may be wrong."""

    kind: FindingKind
    subject: str
    message: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """A finding that the article's owner is to deal with by a day (ISO); it is done when its cause is gone."""

    id: str
    finding: Finding
    opened: datetime
    due: str
    done: datetime | None
