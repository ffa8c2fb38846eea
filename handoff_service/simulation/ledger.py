"""What a queue remembers of its last hour, as the product reads it from its tables."""

from __future__ import annotations

import bisect
from collections import deque
from datetime import datetime

from handoff_service.handoffs.queue import Lately, Wait, expected_wait

# As many of the handoffs that ended last are looked at as the product looks at.
LAST_ENDED = 100
LAST_ACCEPTED = 50


class Ledger:
    """One queue: who waits in which order, what is going on, what ended lately."""

    def __init__(self) -> None:
        self.order: list[tuple[int, str]] = []
        self.served = 0
        self._accepted: deque[datetime] = deque(maxlen=LAST_ACCEPTED)
        self._ended: deque[tuple[float, float | None]] = deque(maxlen=LAST_ENDED)

    def join(self, place: tuple[int, str]) -> None:
        """Somebody waits at this place."""
        bisect.insort(self.order, place)

    def go(self, place: tuple[int, str]) -> None:
        """He does not wait any more."""
        del self.order[bisect.bisect_left(self.order, place)]

    def accepted(self, at: datetime) -> None:
        """An agent has him."""
        self.served += 1
        self._accepted.append(at)

    def ended(self, waited_s: float, service_s: float | None) -> None:
        """It is over: after a conversation, or without one."""
        self._ended.append((waited_s, service_s))
        if service_s is not None:
            self.served -= 1

    def expect(self, place: tuple[int, str], *, pushes: bool, now: datetime) -> Wait | None:
        """What somebody at this place is told."""
        lately = Lately(
            accepted_at=self._accepted,
            service_s=[service for _, service in self._ended if service is not None],
            served=self.served,
            left=sum(service is None for _, service in self._ended),
            waited_s=sum(waited for waited, _ in self._ended),
        )
        return expected_wait(1 + bisect.bisect_left(self.order, place), lately, pushes=pushes, now=now)
