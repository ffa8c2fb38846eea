"""What the gateway takes on when more comes than it can do: those who are being helped go before those who arrive.

Work that arrives in crowds goes through a gate: a few at a time, some wait, and the rest is told when to come back.
So a flood makes a line of its own instead of one in front of everybody's messages.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from handoff_service import metrics
from handoff_service.errors import Unavailable

# The average wait for the event loop, of which a message needs a few turns. The gates keep it far below this; beyond
# it something else takes the processor, and those who are here already feel it.
MOST_LAG_S = 1.0


class Gate:
    """Lets `at_once` through together; `most_waiting` others wait for at most `patience_s`."""

    def __init__(self, what: str, *, at_once: int, most_waiting: int, patience_s: float, retry_after_s: int) -> None:
        self._what = what
        self._line = asyncio.Semaphore(at_once)
        self._waiting = 0
        self._most_waiting = most_waiting
        self._patience_s = patience_s
        self._retry_after_s = retry_after_s

    @contextlib.asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """One passage. Raises Unavailable with `retry_after_s` when the line is too long or does not move."""
        if self._line.locked():
            if self._waiting >= self._most_waiting:
                raise self.refusal()
            self._waiting += 1
            try:
                async with asyncio.timeout(self._patience_s):
                    await self._line.acquire()
            except TimeoutError:
                raise self.refusal() from None
            finally:
                self._waiting -= 1
        else:
            await self._line.acquire()  # returns at once
        try:
            yield
        finally:
            self._line.release()

    def refusal(self) -> Unavailable:
        """Counts one who is sent away."""
        metrics.shed.labels(self._what).inc()
        return Unavailable("Very many people want to talk to us right now; try again in a moment.",
                           retry_after_s=self._retry_after_s)  # fmt: skip


class Load:
    """The gates of one gateway."""

    def __init__(self, lag: metrics.LoopLag) -> None:
        self._lag = lag
        # Whoever comes back after a break, in two steps; all of them are let in within some seconds.
        self.tickets = Gate("ticket", at_once=16, most_waiting=1024, patience_s=10, retry_after_s=2)
        self.greetings = Gate("greeting", at_once=16, most_waiting=1024, patience_s=30, retry_after_s=2)
        self._newcomers = Gate("visitor", at_once=4, most_waiting=32, patience_s=2, retry_after_s=10)

    @contextlib.asynccontextmanager
    async def newcomer(self) -> AsyncIterator[None]:
        """One new visitor. Raises Unavailable while the gateway is busy enough with those whom it has."""
        if self._lag.recent > MOST_LAG_S:
            raise self._newcomers.refusal()
        async with self._newcomers.passing():
            yield
