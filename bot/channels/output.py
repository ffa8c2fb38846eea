"""Collects what the bot says in one turn, and carries that turn to the actions."""

from collections.abc import Mapping
from typing import Any

from rasa.core.channels.channel import OutputChannel

from bot.actions.decide import Decision, Situation
from bot.channels.request import Turn


class TurnOutput(OutputChannel):
    """Rasa's way to the customer for one turn.

    `turn`, `language`, `situation`, `decision`, `number` (turns so far) and `reminded` (of a former question, in this
    conversation) are for the actions to read;
    `messages`, `handoff` and `failure` are what came out.
    """

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.language = "zh"
        self.number = 0
        self.situation: Situation
        self.decision: Decision
        self.order_missing = False
        self.reminded = False
        self.messages: list[dict[str, Any]] = []
        self.handoff: Mapping[str, Any] | None = None
        self.failure: BaseException | None = None

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:  # noqa: ARG002 (Rasa's shape)
        """Take one bot utterance as it is: Rasa's own channels would split it at blank lines."""
        self.messages.append({name: message[name] for name in ("text", "kind", "buttons", "sources")})
        self.handoff = message.get("handoff") or self.handoff
