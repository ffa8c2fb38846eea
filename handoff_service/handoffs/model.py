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
# So long a place is kept for who has left the queue by himself: with these wrap-ups, and this of its evidence.
PLACE_KEPT = timedelta(minutes=10)
LEFT = frozenset({"left", "solved"})
KEPT_FROM = "place_kept_from"


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

    @property
    def since(self) -> datetime:
        """From when its place counts: the request, or the earlier one whose place was kept (see `keeps_place`)."""
        kept = self.evidence.get(KEPT_FROM)
        return datetime.fromisoformat(kept) if isinstance(kept, str) else self.requested_at


def keeps_place(left: Handoff, queue: str, now: datetime) -> bool:
    """Whether who has left the queue himself, and asks again for the same one, stands where he stood. Pure."""
    if left.closed_at is None or left.accepted_at is not None or left.queued_at is None:
        return False
    return left.wrap_up in LEFT and left.queue == queue and now - left.closed_at <= PLACE_KEPT


def rank(requested_at: datetime, priority: int, worth: timedelta = CLASS_WORTH) -> int:
    """Place value in a queue: the time of the request, earlier by `worth` for each class of priority."""
    if not 0 <= priority <= HIGHEST_PRIORITY:
        raise ValueError(f"priority {priority} is not between 0 and {HIGHEST_PRIORITY}")
    return int((requested_at - priority * worth).timestamp() * 1_000_000)
