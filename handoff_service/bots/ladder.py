"""The ladder of bots: the first that answers wins; when none does, a person is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog

from handoff_service.bots.model import Answer, Bot, TurnRequest
from handoff_service.errors import BotFailed
from handoff_service.texts import say

log = structlog.get_logger()


class Ladder:
    """Asks one bot after the other; never raises BotFailed itself."""

    name = "ladder"

    def __init__(self, bots: Sequence[Bot]) -> None:
        self._bots = bots

    async def ask(self, request: TurnRequest) -> Answer:
        """The first answer, with the errors of the rungs above it; a handoff as bot_failed when all are down."""
        errors: list[str] = []
        for bot in self._bots:
            try:
                answer = await bot.ask(request)
            except BotFailed as error:
                log.warning("bot failed", bot=bot.name, conversation=request.conversation, error=error.message)
                errors.append(error.message)
            else:
                return replace(answer, bot=bot.name, errors=errors)
        language = request.language or "zh"
        if request.owner == "queue":
            return Answer([{"text": say("unsure_queue", language), "kind": "notice"}], bot="none", errors=errors)
        message = {"text": say("bot_failed", language), "kind": "handoff"}
        handoff = {"reason": "bot_failed", "priority": None, "evidence": {"errors": errors}}
        return Answer([message], handoff, bot="none", errors=errors)
