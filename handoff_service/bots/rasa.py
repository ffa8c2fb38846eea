"""The Rasa bot, over its one structured channel."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2

from handoff_service import tracing
from handoff_service.bots.model import Answer, TurnRequest
from handoff_service.errors import BotFailed, BotRefused

MAX_TEXT = 4000
MAX_MESSAGES = 8
MAX_MESSAGE_CHARS = 8000
MAX_BYTES = 1 << 20


class RasaBot:
    """Asks the bot at `url`; `timeout_s` is the hard limit of a turn."""

    name = "rasa"

    def __init__(self, client: httpx2.AsyncClient, url: str, *, timeout_s: float) -> None:
        self._client = client
        self._url = f"{url.rstrip('/')}/webhooks/tandem/turn"
        self._timeout_s = timeout_s
        self._timeout = httpx2.Timeout(timeout_s, connect=2.0)

    async def ask(self, request: TurnRequest) -> Answer:
        """The bot's answer. Raises BotFailed when it is down, too slow, or says something that is no answer."""
        try:
            async with asyncio.timeout(self._timeout_s):  # the client's own limits are for one read: a drip has none
                status, body = await self._post(_as_json(request))
        except TimeoutError as error:
            raise BotFailed(f"rasa: no answer within {self._timeout_s:g} s") from error
        except httpx2.HTTPError as error:
            raise BotFailed(f"rasa: {error.__class__.__name__}: {error}") from error
        if 400 <= status < 500 and status not in (404, 408, 429):
            raise BotRefused(f"rasa: status {status}")
        if status != 200:
            raise BotFailed(f"rasa: status {status}")
        try:
            return _answer(json.loads(body), request.turn)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            # Not what it says: that may be the customer's own words, and this goes to the log.
            raise BotFailed(f"rasa: not an answer: {error.__class__.__name__}") from error

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


def _as_json(request: TurnRequest) -> dict[str, Any]:
    known = {"contact": request.contact} if request.contact is not None else {}
    return {
        "conversation": request.conversation,
        "phase": request.phase,
        "turn": request.turn,
        "text": request.text[-MAX_TEXT:],  # what was said last matters most
        "press": request.press,
        "metadata": {
            "tenant": request.tenant,
            "channel": request.channel,
            "language": request.language,
            "owner": request.owner,
            "customer": request.customer,
            "context": list(request.context),
            **known,
        },
    }


def _answer(raw: Any, turn: str) -> Answer:
    """Checks what came over the wire: text only, bounded, and never nothing at all."""
    if raw["turn"] != turn:
        raise ValueError(f"the answer is for turn {raw['turn']!r}")
    messages = [_message(message) for message in raw["messages"][:MAX_MESSAGES]]
    if not messages and raw["handoff"] is None:
        raise ValueError("no message and no handoff")
    handoff, understanding, nlu = raw["handoff"], raw.get("understanding"), raw.get("nlu") or {}
    if handoff is not None and not (
        isinstance(handoff["reason"], str)
        and isinstance(handoff.get("priority"), (int, type(None)))
        and isinstance(handoff.get("evidence") or {}, dict)
    ):
        raise ValueError("a handoff needs a reason, a whole priority and evidence by name")
    if not isinstance(nlu, dict) or not isinstance(understanding, (dict, type(None))):
        raise ValueError("nlu and understanding are objects")
    return Answer(messages, handoff, nlu, understanding, "rasa")


def _message(raw: Any) -> dict[str, Any]:
    text = raw["text"]
    if not isinstance(text, str) or not text.strip():
        raise ValueError("a message without text")
    message: dict[str, Any] = {
        "text": text.replace("\x00", "").encode("utf-8", "replace").decode()[:MAX_MESSAGE_CHARS],
        "kind": str(raw.get("kind", "answer")),
    }
    if raw.get("buttons"):
        message["buttons"] = [
            {"title": str(button["title"])[:200], "payload": str(button["payload"])} for button in raw["buttons"][:6]
        ]
    if raw.get("sources"):
        message["sources"] = [
            {key: source.get(key) for key in ("article", "language", "title", "probability")}
            for source in raw["sources"][:5]
        ]
    return message
