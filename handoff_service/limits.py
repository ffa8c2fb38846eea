"""Rate limits, per process."""

from __future__ import annotations

import contextlib
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Sequence

from limits import parse

from handoff_service.errors import TooMany, Unauthorized
from handoff_service.settings import Settings

LETTERS_FROM = "60/hour"  # mails that the visitors of one network address may ask for


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


class Window:
    """What `60/minute` allows each talker: no more than 60 in any minute. Holds the moments of those that counted.

    Everything on the event loop: a limiter that hands each look at a talker to a thread costs more than his message.
    """

    def __init__(self, limit: str) -> None:
        parsed = parse(limit)
        self._most, self._span_s = parsed.amount, float(parsed.get_expiry())
        self._moments: dict[str, deque[float]] = {}
        self._tidy_at = 0.0

    def allows(self, talker: str, now: float, *, count: int = 1) -> bool:
        """Whether `count` more are within the limit; nothing is counted."""
        moments = self._moments.get(talker, deque())
        while moments and moments[0] <= now - self._span_s:
            moments.popleft()
        return len(moments) + count <= self._most

    def hit(self, talker: str, now: float) -> bool:
        """Counts one, unless that is one too many."""
        if now >= self._tidy_at:  # forgets, once in a span, who was silent for as long
            self._tidy_at = now + self._span_s
            self._moments = {who: of for who, of in self._moments.items() if of and of[-1] > now - self._span_s}
        if not self.allows(talker, now):
            return False
        self._moments.setdefault(talker, deque()).append(now)
        return True


class Limits:
    """Counts what one visitor, account or address does; raises TooMany above the limit."""

    def __init__(self, settings: Settings) -> None:
        self._under_way: Counter[str] = Counter()
        self._message = Window(settings.limit_messages)
        self._visitor = Window(settings.limit_visitors)
        self._sign_in = Window(settings.limit_sign_in)
        self._api = Window(settings.limit_api)
        self._letter = Window(settings.limit_letters)
        self._letters_from = Window(LETTERS_FROM)
        self.frames = Pace(settings.limit_frames)

    async def message(self, principal: str) -> None:
        if not self._message.hit(principal, time.monotonic()):
            raise TooMany("You are writing very fast; please wait a few seconds.")

    async def api(self, key: str) -> None:
        if not self._api.hit(key, time.monotonic()):
            raise TooMany("This key asks very often; wait a minute.", retry_after_s=60)

    async def letter(self, whose: Sequence[str], address: str) -> None:
        """A mail that a customer asks for, or a code that he tries: counted for each of `whose`, and where he is."""
        now = time.monotonic()
        if not all(self._letter.hit(one, now) for one in whose) or not self._letters_from.hit(address, now):
            raise TooMany("Too many mails were asked for; try again in an hour.", retry_after_s=3600)

    async def visitor(self, address: str) -> None:
        if not self._visitor.hit(address, time.monotonic()):
            raise TooMany("Too many new visitors from this address; try again later.")

    @contextlib.asynccontextmanager
    async def sign_in(self, account: str) -> AsyncIterator[None]:
        """Counts an attempt that ends in Unauthorized; nobody locks himself out by working.

        Attempts under way count as if they had failed, so that many at the same moment do not slip through.
        """
        self._under_way[account] += 1
        try:
            if not self._sign_in.allows(account, time.monotonic(), count=self._under_way[account]):
                raise TooMany("Too many wrong passwords for this account; wait a few minutes.")
            yield
        except Unauthorized:
            self._sign_in.hit(account, time.monotonic())
            raise
        finally:
            self._under_way[account] -= 1
            if not self._under_way[account]:
                del self._under_way[account]
