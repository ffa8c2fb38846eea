"""What a queue remembers of its last hour, as the product reads it from its tables."""

from __future__ import annotations

import bisect
from collections import deque
from datetime import datetime

from handoff_service.handoffs.queue import PACE_WINDOW, Lately, Place, Wait, arrivals_per_s, expected_wait

# As many of the handoffs that ended last are looked at as the product looks at.
LAST_ENDED = 100
LAST_ACCEPTED = 50
LAST_CAME = 100


class Ledger:
    """One queue: who waits in which order, what is going on, what ended lately."""

    def __init__(self) -> None:
        self.order: list[tuple[int, str]] = []
        self.served = 0
        self._accepted: deque[datetime] = deque(maxlen=LAST_ACCEPTED)
        self._came: deque[tuple[datetime, int]] = deque(maxlen=LAST_CAME)
        self._joined: dict[str, datetime] = {}
        self._ended: deque[tuple[float, float | None]] = deque(maxlen=LAST_ENDED)

    def join(self, place: tuple[int, str], priority: int, now: datetime) -> None:
        """Somebody waits at this place."""
        bisect.insort(self.order, place)
        self._joined[place[1]] = now
        self._came.append((now, priority))

    def go(self, place: tuple[int, str]) -> None:
        """He does not wait any more."""
        del self.order[bisect.bisect_left(self.order, place)]
        del self._joined[place[1]]

    def ahead(self, place: tuple[int, str]) -> int:
        """How many wait before this place."""
        return bisect.bisect_left(self.order, place)

    def accepted(self, at: datetime) -> None:
        """An agent has him."""
        self.served += 1
        self._accepted.append(at)

    def ended(self, waited_s: float, service_s: float | None) -> None:
        """It is over: after a conversation, or without one."""
        self._ended.append((waited_s, service_s))
        if service_s is not None:
            self.served -= 1

    def expect(
        self, before: float, priority: int, worth_s: float, *, shared: float, pushes: bool, now: datetime
    ) -> Wait | None:
        """What somebody is told before whom so many wait."""
        while self._came and now - self._came[0][0] > PACE_WINDOW:
            self._came.popleft()
        served = [service for _, service in self._ended if service is not None]
        lately = Lately(
            accepted_at=self._accepted,
            busy_since=self._joined[self.order[0][1]] if self.order else None,
            service_s=served,
            served=self.served,
            left=len(self._ended) - len(served),
            waited_s=sum([waited for waited, _ in self._ended]),
            arrivals=arrivals_per_s(self._came, now),
            shared=shared,
        )
        at = Place(place=1 + before, priority=priority, worth_s=worth_s)
        return expected_wait(at, lately, pushes=pushes, now=now)
