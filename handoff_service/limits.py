"""Rate limits, per process."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from handoff_service.errors import TooMany, Unauthorized
from handoff_service.settings import Settings


class Pace:
    """What `60/3seconds` allows one talker: 60 at once, and then 20 per second. Holds one number per talker."""

    def __init__(self, limit: str) -> None:
        parsed = parse(limit)
        self._burst_s = float(parsed.get_expiry())
        self._each_s = self._burst_s / parsed.amount

    def pause_s(self, until: float, now: float) -> tuple[float, float]:
        """(the talker's new number, seconds that he has to wait); `until` is his last number, 0 at first."""
        until = max(until, now - self._burst_s) + self._each_s
        return until, max(0.0, until - now)


class Limits:
    """Counts what one visitor, account or address does; raises TooMany above the limit."""

    def __init__(self, settings: Settings) -> None:
        self._under_way: Counter[str] = Counter()
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._message = parse(settings.limit_messages)
        self._visitor = parse(settings.limit_visitors)
        self._sign_in = parse(settings.limit_sign_in)
        self.frames = Pace(settings.limit_frames)

    async def message(self, principal: str) -> None:
        if not await self._limiter.hit(self._message, "message", principal):
            raise TooMany("You are writing very fast; please wait a few seconds.")

    async def visitor(self, address: str) -> None:
        if not await self._limiter.hit(self._visitor, "visitor", address):
            raise TooMany("Too many new visitors from this address; try again later.")

    @contextlib.asynccontextmanager
    async def sign_in(self, account: str) -> AsyncIterator[None]:
        """Counts an attempt that ends in Unauthorized; nobody locks himself out by working.

        Attempts under way count as if they had failed, so that many at the same moment do not slip through.
        """
        self._under_way[account] += 1
        try:
            if not await self._limiter.test(self._sign_in, "sign-in", account, cost=self._under_way[account]):
                raise TooMany("Too many wrong passwords for this account; wait a few minutes.")
            yield
        except Unauthorized:
            await self._limiter.hit(self._sign_in, "sign-in", account)
            raise
        finally:
            self._under_way[account] -= 1
            if not self._under_way[account]:
                del self._under_way[account]
