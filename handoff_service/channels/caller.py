"""The way to the platforms: one HTTP client, the tokens that accounts must fetch, and what an answer means."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx2

from handoff_service.channels.http_delivery import TOTAL_S, UPLOAD_S, exchange
from handoff_service.clock import Clock
from handoff_service.errors import NotDelivered

# The platform has read the request and says no, for reasons that it tells in the body.
REFUSALS = frozenset({400, 401, 403, 404, 409, 422})
# A token is fetched anew so long before its end, and one that was refused is not asked for more often than this.
SLACK = timedelta(minutes=5)
SELDOM = timedelta(seconds=3)
LARGE = 256 * 1024  # bytes that take their time


@dataclass(frozen=True)
class Token:
    """What a platform gave us for our keys, and how long it is good."""

    value: str
    lasts: timedelta


class Tokens:
    """The tokens of all accounts in this process; each is fetched once however many messages wait for it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[tuple[str, ...], tuple[str, datetime, datetime]] = {}
        self._locks: dict[tuple[str, ...], asyncio.Lock] = {}

    async def get(self, key: tuple[str, ...], fetch: Callable[[], Awaitable[Token]]) -> str:
        """The present token of `key`. Raises NotDelivered, never an uncertain one."""
        async with self._locks.setdefault(key, asyncio.Lock()):
            kept = self._kept.get(key)
            now = self._clock()
            if kept is None or now >= kept[1]:
                try:
                    token = await fetch()
                except NotDelivered as error:  # the message itself has not left
                    raise NotDelivered(error.message, final=error.final, retry_after_s=error.retry_after_s) from error
                except (TypeError, ValueError, OverflowError) as error:
                    raise NotDelivered("the platform's token cannot be read") from error
                kept = token.value, now + max(token.lasts - SLACK, token.lasts / 2), now
                self._kept[key] = kept
            return kept[0]

    def refused(self, key: tuple[str, ...], value: str) -> bool:
        """Forgets a token that the platform does not take any more; whether another one is worth a try."""
        kept = self._kept.get(key)
        if kept is None or kept[0] != value:
            return True  # somebody else has fetched a new one meanwhile
        if self._clock() - kept[2] < SELDOM:
            return False  # brand new and refused: the keys are wrong
        del self._kept[key]
        return True


@dataclass(frozen=True)
class Answered:
    """What a platform answered: the status, and the beginning of the body."""

    status: int
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body as an object; empty when a refusal has none.

        Raises NotDelivered, an uncertain one, when a platform that says yes cannot be understood.
        """
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            return found
        if 200 <= self.status < 300:
            raise NotDelivered("the platform's answer cannot be read", uncertain=True)
        return {}


class Caller:
    """How channels reach platforms. Every request is bounded in time and size, and never follows a redirect."""

    def __init__(self, client: httpx2.AsyncClient, clock: Clock, *, guarded: bool = False) -> None:
        """`guarded`: connections that are no HTTP (mail) reach nothing but the internet either.

        One for the whole process: some platforms end the older token when they give a new one.
        """
        self.client = client
        self.tokens = Tokens(clock)
        self.guarded = guarded
        self.last_look: Callable[[], Awaitable[None]] | None = None

    def looking(self, last_look: Callable[[], Awaitable[None]]) -> Caller:
        """The same way, for a message that may have become somebody else's: `last_look` raises before it leaves."""
        one = copy(self)
        one.last_look = last_look
        return one

    async def post(
        self,
        url: str,
        *,
        json_body: Any = None,
        form: Mapping[str, str] | None = None,
        raw: bytes | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        judges: Collection[int] = (),
    ) -> Answered:
        """Posts once. Raises NotDelivered for what is no 2xx, but for the statuses that the channel `judges` itself.

        `files` are (name, content, type) by their fields of a form.
        """
        sent: dict[str, Any] = {"data": form, "files": files}
        given = {**(headers or {})}
        if json_body is not None:
            # Not escaped: some platforms show the customer the escapes.
            raw = json.dumps(json_body, ensure_ascii=False, separators=(",", ":")).encode()
            given.setdefault("Content-Type", "application/json; charset=utf-8")
        if raw is not None:
            sent = {"content": raw}
        return await self._exchange("POST", url, given, sent, judges)

    async def get(
        self, url: str, *, headers: Mapping[str, str] | None = None, judges: Collection[int] = ()
    ) -> Answered:
        """Gets once; raises as `post` does."""
        return await self._exchange("GET", url, {**(headers or {})}, {}, judges)

    async def _exchange(
        self, method: str, url: str, headers: dict[str, str], sent: dict[str, Any], judges: Collection[int]
    ) -> Answered:
        total_s = UPLOAD_S if sent.get("files") or len(sent.get("content") or b"") > LARGE else TOTAL_S
        status, body = await exchange(
            self.client, method, url, headers, sent, judges=judges, total_s=total_s, last_look=self.last_look
        )
        return Answered(status, body)


@contextlib.contextmanager
def nothing_shown() -> Iterator[None]:
    """A step of which the customer sees nothing, as an upload: whatever is unclear about it, it may be done again."""
    try:
        yield
    except NotDelivered as error:
        if not error.uncertain:
            raise
        raise NotDelivered(error.message, retry_after_s=error.retry_after_s) from error


def undelivered(
    reason: str,
    *,
    again: bool = False,
    after_s: float = 0.0,
    barred: str | None = None,
    hint: Mapping[str, str] | None = None,
    token_refused: bool = False,
) -> NotDelivered:
    """The platform said no: for good, or `again` when it is only busy, or until the customer does something."""
    final = barred is not None or not again
    said: dict[str, Any] = {"barred": barred, "hint": hint, "token_refused": token_refused}
    return NotDelivered(reason[:300], final=final, retry_after_s=after_s, **said)
