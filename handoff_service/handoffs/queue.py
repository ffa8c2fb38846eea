"""How long somebody waits: pure estimates from what happened lately."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

WINDOW = timedelta(hours=1)
ENOUGH_SAMPLES = 5


def expected_wait_s(place: int, accepted_at: Sequence[datetime], *, now: datetime) -> int | None:
    """Seconds until the one at `place` (from 1) is accepted, from the moments of recent acceptances; None if too few.

    The queue moved on len(recent) times since the oldest of them, so one place costs that time divided by that
    number (the mean departure interval of a queue that is never empty).
    """
    recent = sorted(moment for moment in accepted_at if now - moment <= WINDOW)
    if len(recent) < ENOUGH_SAMPLES:
        return None
    interval = (now - recent[0]) / len(recent)
    return max(1, round(place * interval.total_seconds()))
