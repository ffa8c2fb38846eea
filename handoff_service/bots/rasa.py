"""The Rasa bot, over its one structured channel."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2

from handoff_service import tracing
from handoff_service.bots.model import Answer, TurnRequest
from handoff_service.bots.turn_json import as_answer, as_json
from handoff_service.errors import BotFailed, BotRefused, BotSlow

MAX_BYTES = 1 << 20


LATE = 2.0
"""An answer is listened for up to so many times the hard limit: one that comes late tells slow from down."""


class RasaBot:
    """Asks the bot at `url`; `timeout_s` is the hard limit of a turn."""

    name = "rasa"

    def __init__(self, client: httpx2.AsyncClient, url: str, *, timeout_s: float) -> None:
        self._client = client
        self._url = f"{url.rstrip('/')}/webhooks/tandem/turn"
        self._timeout_s = timeout_s
        self._timeout = httpx2.Timeout(LATE * timeout_s, connect=2.0)

    async def ask(self, request: TurnRequest) -> Answer:
        """The bot's answer. Raises BotSlow after the hard limit, BotFailed when it is down or says what is no answer.

        A slow one is still listened to, for as long again, though nobody is told what it says then: it finishes the
        turn, and knows its answer when it is asked the same once more.
        """
        asking = asyncio.create_task(self._post(as_json(request)))
        try:  # the client's own limits are for one read: a drip has none
            async with asyncio.timeout(self._timeout_s):
                status, body = await asyncio.shield(asking)
        except TimeoutError as error:
            late = asyncio.ensure_future(self._hear_out(asking))
            raise BotSlow(f"rasa: no answer within {self._timeout_s:g} s", late) from error
        except asyncio.CancelledError:
            asking.cancel()
            raise
        except httpx2.HTTPError as error:
            raise BotFailed(f"rasa: {error.__class__.__name__}: {error}") from error
        if 400 <= status < 500 and status not in (404, 408, 429):
            raise BotRefused(f"rasa: status {status}")
        if status != 200:
            raise BotFailed(f"rasa: status {status}")
        try:
            return as_answer(json.loads(body), request.turn)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            # Not what it says: that may be the customer's own words, and this goes to the log.
            raise BotFailed(f"rasa: not an answer: {error.__class__.__name__}") from error

    async def _hear_out(self, asking: asyncio.Task[tuple[int, bytes]]) -> bool:
        """Whether the answer comes at last."""
        try:
            async with asyncio.timeout(self._timeout_s * (LATE - 1)):
                status, _ = await asking
        except (TimeoutError, BotFailed, httpx2.HTTPError, RuntimeError):  # the client may be closed by now
            return False
        return status < 500

    async def _post(self, body: dict[str, Any]) -> tuple[int, bytes]:
        """Status and body. Raises BotFailed for one that is larger than MAX_BYTES, of which no more is read."""
        read = bytearray()
        headers = {"Accept-Encoding": "identity", **tracing.headers()}
        async with self._client.stream(
            "POST", self._url, json=body, headers=headers, timeout=self._timeout
        ) as response:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise BotFailed("rasa: an encoded answer, whose size nobody can tell")
            async for piece in response.aiter_bytes():
                read += piece
                if len(read) > MAX_BYTES:
                    raise BotFailed(f"rasa: more than {MAX_BYTES} bytes")
        return response.status_code, bytes(read)
