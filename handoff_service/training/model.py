"""Misunderstood messages and what people made of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

LONGEST = 300
"""Characters of a text that is worth a training line; who writes more tells a story."""


class Reason(StrEnum):
    """Why a message counts as misunderstood, the strongest first."""

    THUMB_DOWN = "thumb_down"
    REFUSED = "refused"
    HANDED_OVER = "handed_over"
    FALLBACK = "fallback"
    LOW_CONFIDENCE = "low_confidence"


class State(StrEnum):
    """open → labelled → accepted; a refused label is open again; dropped at any time."""

    OPEN = "open"
    LABELLED = "labelled"
    ACCEPTED = "accepted"
    DROPPED = "dropped"


@dataclass(frozen=True, kw_only=True)
class Found:
    """A message that was misunderstood, as the customer wrote it; `intent` is how it was read, 0..1 how surely."""

    seq: int
    at: datetime
    language: str
    reason: Reason
    text: str
    intent: str | None
    confidence: float | None


@dataclass(frozen=True, kw_only=True)
class Misunderstood:
    """A message for labelling. `text` is without personal data from the first moment; `wording` is what a person made
    of it, `label` the intent that he picked."""

    tenant: str
    id: str
    conversation: str
    seq: int
    at: datetime
    language: str
    reason: Reason
    state: State
    text: str
    intent: str | None
    confidence: float | None
    wording: str | None
    label: str | None
    labelled_by: str | None
    labelled_at: datetime | None
    reviewed_by: str | None
    reviewed_at: datetime | None
