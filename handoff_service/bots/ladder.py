"""The ladder of bots: the first that answers wins; one that fails again and again is left alone for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from handoff_service import metrics, tracing
from handoff_service.bots.breaker import Breaker
from handoff_service.bots.left_message import leave_message
from handoff_service.bots.model import Answer, Bot, TurnRequest
from handoff_service.bots.own_rules import hand_off_by_rule
from handoff_service.errors import BotFailed, BotRefused, BotSlow
from handoff_service.texts import say

log = structlog.get_logger()


def _lacks_knowledge(answer: Answer) -> bool:
    """Whether a bot that is up gives the question away because the knowledge base is not."""
    gives_up = answer.handoff is not None and answer.handoff.get("reason") == "bot_failed"
    return gives_up and answer.understanding is None and answer.bot != "none"


@dataclass(frozen=True)
class _Rung:
    bot: Bot
    breaker: Breaker


class Ladder:
    """Asks one bot after the other, each behind a circuit breaker of its own."""

    name = "ladder"

    def __init__(
        self,
        bots: Sequence[Bot],
        *,
        failures: int = 5,
        open_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rungs = [_Rung(bot, Breaker(failures=failures, open_s=open_s, clock=clock)) for bot in bots]

    async def ask(self, request: TurnRequest) -> Answer:
        """The first answer, with the errors of the rungs above it.

        When no bot answers, who is in danger, asks for a person or is plainly angry gets one by the gateway's own
        rules, and who waits for one already is told that the question stays open for him. For everybody else it
        raises BotFailed: the turn is to be kept and tried again.
        """
        own = leave_message(request)
        if own is not None:
            return own
        errors: list[str] = []
        for rung in self._rungs:
            if not rung.breaker.admits():
                errors.append(f"{rung.bot.name}: left alone after failures")
                continue
            try:
                answer = await self._ask(rung, request)
            except BotFailed as error:
                log.warning("bot failed", bot=rung.bot.name, conversation=request.conversation, error=error.message)
                errors.append(error.message)
            else:
                answer = replace(answer, bot=rung.bot.name, errors=errors)
                return await self._instead(answer, request) if _lacks_knowledge(answer) else answer
        by_rule = hand_off_by_rule(request)
        if by_rule is not None:
            return replace(by_rule, bot="none", errors=errors)
        if request.owner == "queue":
            message = {"text": say("unsure_queue", request.language or "zh"), "kind": "notice"}
            return Answer([message], bot="none", errors=errors)
        raise BotFailed("; ".join(errors))

    async def _instead(self, answer: Answer, request: TurnRequest) -> Answer:
        """What the last rung knows by heart, in place of an answer that failed for want of the knowledge base."""
        last = self._rungs[-1]
        if answer.bot == last.bot.name:
            return answer
        try:
            known = await last.bot.ask(request)
        except BotFailed:
            return answer
        return replace(known, bot=last.bot.name, errors=[*answer.errors, "the knowledge base is down"], nlu=answer.nlu)

    async def _ask(self, rung: _Rung, request: TurnRequest) -> Answer:
        """Asks one bot that its breaker has admitted, and tells the breaker how it went."""
        name, breaker = rung.bot.name, rung.breaker
        tell = breaker.gave_up  # cancelled, or a bug of ours: that says nothing about the bot
        try:
            with tracing.span(f"bot {name}", conversation=request.conversation):
                answer = await rung.bot.ask(request)
            tell = breaker.answered
        except BotRefused:
            tell = breaker.answered
            raise
        except BotSlow as error:  # slow is not down: its late answer, or that there is none, tells
            tell = _nothing
            error.late.add_done_callback(lambda late: self._learn(name, breaker, late))
            raise
        except BotFailed:
            tell = breaker.failed
            raise
        finally:
            _tell(name, breaker, tell)
        return answer

    @staticmethod
    def _learn(name: str, breaker: Breaker, late: asyncio.Future[bool]) -> None:
        """What a bot that was too slow turned out to be."""
        if late.cancelled():
            _tell(name, breaker, breaker.gave_up)
        else:
            _tell(name, breaker, breaker.answered if late.exception() is None and late.result() else breaker.failed)


def _nothing() -> None:
    """It is not known yet how it went."""


def _tell(name: str, breaker: Breaker, what: Callable[[], None]) -> None:
    before = breaker.state
    what()
    metrics.breaker_state.labels(name).set(breaker.state)
    if breaker.state is not before:
        log.warning("breaker", bot=name, state=breaker.state.name.lower())
