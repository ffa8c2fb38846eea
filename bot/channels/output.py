"""Collects what the bot says in one turn, and carries that turn to the actions."""

from collections.abc import Mapping
from typing import Any

from rasa.core.channels.channel import OutputChannel

from bot.actions.situation import Decision, Situation
from bot.channels.request import Turn
from bot.signals import Signal


class TurnOutput(OutputChannel):
    """Rasa's way to the customer for one turn.

    `turn`, `language`, `situation`, `signals`, `decision`, `number` (turns so far), `reminded` (of a former question,
    in this conversation), `used` (the texts that were said in it) and `rest` (what an earlier answer left to read) are
    for the actions to read; `ended` is what a Task told at its end. `messages`, `handoff`, `ticket` and `failure` are
    what came out.
    """

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.language = "zh"
        self.number = 0
        self.situation: Situation
        self.signals: tuple[Signal, ...] = ()
        self.decision: Decision
        self.used: set[str] = set()
        self.rest: str | None = None
        self.ended: Any = None
        self.reminded = False
        self.messages: list[dict[str, Any]] = []
        self.handoff: Mapping[str, Any] | None = None
        self.ticket: Mapping[str, Any] | None = None
        self.failure: BaseException | None = None

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:  # noqa: ARG002 (Rasa's shape)
        """Take one bot utterance as it is: Rasa's own channels would split it at blank lines."""
        given = {name: message[name] for name in ("text", "kind", "buttons", "sources")}
        self.messages.append({**given, **({"upload": message["upload"]} if message.get("upload") else {})})
        self.handoff = message.get("handoff") or self.handoff
        self.ticket = message.get("ticket") or self.ticket
