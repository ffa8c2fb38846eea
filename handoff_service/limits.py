"""Rate limits, per process."""

from __future__ import annotations

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from handoff_service.errors import TooMany
from handoff_service.settings import Settings


class Limits:
    """Counts what one visitor, account or address does; raises TooMany above the limit."""

    def __init__(self, settings: Settings) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._message = parse(settings.limit_messages)
        self._visitor = parse(settings.limit_visitors)
        self._sign_in = parse(settings.limit_sign_in)

    async def message(self, principal: str) -> None:
        if not await self._limiter.hit(self._message, "message", principal):
            raise TooMany("You are writing very fast; please wait a few seconds.")

    async def visitor(self, address: str) -> None:
        if not await self._limiter.hit(self._visitor, "visitor", address):
            raise TooMany("Too many new visitors from this address; try again later.")

    async def sign_in_failed(self, account: str) -> None:
        await self._limiter.hit(self._sign_in, "sign-in", account)

    async def check_sign_in(self, account: str) -> None:
        """Only failures count, so that nobody locks himself out by working."""
        if not await self._limiter.test(self._sign_in, "sign-in", account):
            raise TooMany("Too many wrong passwords for this account; wait a few minutes.")
