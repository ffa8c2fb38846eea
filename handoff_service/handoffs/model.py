"""A handoff: one request for a human, with its reason and the receipt of its stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

# One class of priority is worth this much waiting. Ageing is linear, so the order of two waiting handoffs never
# changes with time and one stored number (`rank`) holds it; nobody waits behind more than nine classes of later ones.
CLASS_WORTH = timedelta(minutes=5)
HIGHEST_PRIORITY = 9


@dataclass(frozen=True, kw_only=True)
class Handoff:
    """`rank` orders a queue, lowest first, in microseconds; `declined` are agents who refused or ignored an offer."""

    tenant: str
    id: str
    conversation: str
    reason: str
    priority: int
    queue: str
    language: str
    evidence: Mapping[str, Any] = field(hash=False)
    rank: int
    requested_seq: int
    requested_at: datetime
    queued_at: datetime | None
    offered_at: datetime | None
    offered_to: str | None
    accepted_at: datetime | None
    accepted_by: str | None
    first_reply_at: datetime | None
    closed_at: datetime | None
    wrap_up: str | None
    declined: tuple[str, ...] = ()


def rank(requested_at: datetime, priority: int, worth: timedelta = CLASS_WORTH) -> int:
    """Place value in a queue: the time of the request, earlier by `worth` for each class of priority."""
    if not 0 <= priority <= HIGHEST_PRIORITY:
        raise ValueError(f"priority {priority} is not between 0 and {HIGHEST_PRIORITY}")
    return int((requested_at - priority * worth).timestamp() * 1_000_000)
