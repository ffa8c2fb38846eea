"""POST /webhooks/tandem/turn: the bot's only door. Checks, remembers answered turns, never answers with nothing."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import InputChannel
from sanic import Blueprint, Sanic, response
from sanic.exceptions import SanicException
from sanic.request import Request
from sanic.response import HTTPResponse

from bot import trace
from bot.actions.texts import Texts
from bot.channels.checks import BadTurn
from bot.channels.dialogue import take_turn
from bot.channels.request import Turn, read_turn
from bot.knowledge import KnowledgeBase

log = logging.getLogger("bot")


class AnsweredTurns:
    """Answers the same turn id with the same answer, while it is being worked on and for the last `limit` turns."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._turns: OrderedDict[tuple[str, str], asyncio.Future[dict[str, Any]]] = OrderedDict()

    async def once(self, turn: Turn, take: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        """The answer of `take`, called once per turn; a failed turn is forgotten, so it can be sent again."""
        key = (turn.conversation, turn.turn)
        known = self._turns.get(key)
        if known is not None:
            return {**await asyncio.shield(known), "duplicate": True}
        task = asyncio.ensure_future(take())
        self._turns[key] = task
        task.add_done_callback(lambda done: self._settle(key, done))
        # The gateway may hang up; a turn that has begun to act is finished, so that its repeat finds the answer.
        return await asyncio.shield(task)

    def _settle(self, key: tuple[str, str], done: "asyncio.Future[dict[str, Any]]") -> None:
        if done.cancelled() or done.exception() is not None:
            self._turns.pop(key, None)
        while len(self._turns) > self._limit:
            self._turns.popitem(last=False)


class TandemChannel(InputChannel):
    """The gateway's channel; `connect` gives it the knowledge base before the first request."""

    def __init__(self, *, max_chars: int, lock_wait: float, remembered_turns: int) -> None:
        self._max_chars = max_chars
        self._lock_wait = lock_wait
        self._answered = AnsweredTurns(limit=remembered_turns)
        self._kb: KnowledgeBase | None = None
        self._texts: Texts

    @classmethod
    def name(cls) -> str:
        """Part of the address: /webhooks/tandem."""
        return "tandem"

    @classmethod
    def from_credentials(cls, credentials: Mapping[str, Any] | None) -> "TandemChannel":
        """Built from its entry in credentials.yml."""
        return cls(**(credentials or {}))

    def connect(self, kb: KnowledgeBase, *, texts: Texts) -> None:
        """Use this knowledge base and these sentences."""
        self._kb, self._texts = kb, texts

    def blueprint(self, on_new_message: Any) -> Blueprint:  # noqa: ARG002 (Rasa's own handler hides failures)
        """The routes under /webhooks/tandem."""
        door = Blueprint("tandem")

        @door.post("/turn")
        async def turn(request: Request) -> HTTPResponse:
            trace.enter(request.headers.get(trace.HEADER))
            return response.json(await self._answer(request.app, request.body))

        return door

    async def _answer(self, app: Sanic, body: bytes) -> dict[str, Any]:
        turn = read_turn(body, max_chars=self._max_chars)
        agent: Agent = app.ctx.agent
        assert self._kb is not None, "connect() comes first"
        take = partial(take_turn, agent, turn, kb=self._kb, lock_wait=self._lock_wait, texts=self._texts)
        answer = await self._answered.once(turn, take)
        log.info(
            "turn",
            extra={
                "conversation": turn.conversation,
                "turn": turn.turn,
                "duplicate": answer["duplicate"],
                "intent": answer["nlu"]["intent"]["name"],
                "kinds": [message["kind"] for message in answer["messages"]],
                "handoff": (answer["handoff"] or {}).get("reason"),
                "signals": [f"{each['signal']}: {each['rule']}" for each in answer["signals"]],
                "took_ms": answer["took_ms"],
                **trace.trace_id(),
            },
        )
        return answer


async def say_what_failed(_request: Request, error: Exception) -> HTTPResponse:
    """Every failure as {"error": {"code", "message"}}: the contract's own, HTTP's, and 503 for all others."""
    if isinstance(error, BadTurn):
        status, code, message = error.status, error.code, str(error)
    elif isinstance(error, SanicException):
        status, code, message = error.status_code, "bad_request", str(error)
    else:
        log.error("turn failed: %s", type(error).__name__, exc_info=error)
        status, code, message = 503, "turn_failed", f"the bot could not finish this turn ({type(error).__name__})"
    return response.json({"error": {"code": code, "message": message}}, status=status)
