"""The Rasa bot, over its one structured channel."""

from __future__ import annotations

from typing import Any

import httpx2

from handoff_service.bots.model import Answer, TurnRequest
from handoff_service.errors import BotFailed

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
        self._timeout = httpx2.Timeout(timeout_s, connect=2.0)

    async def ask(self, request: TurnRequest) -> Answer:
        """The bot's answer. Raises BotFailed when it is down, too slow, or says something that is no answer."""
        try:
            response = await self._client.post(self._url, json=_as_json(request), timeout=self._timeout)
        except httpx2.HTTPError as error:
            raise BotFailed(f"rasa: {error.__class__.__name__}: {error}") from error
        if response.status_code != 200 or len(response.content) > MAX_BYTES:
            raise BotFailed(f"rasa: status {response.status_code}, {len(response.content)} bytes")
        try:
            return _answer(response.json(), request.turn)
        except (ValueError, KeyError, TypeError) as error:
            raise BotFailed(f"rasa: not an answer: {error!r}") from error


def _as_json(request: TurnRequest) -> dict[str, Any]:
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
