"""What the gateway asks a bot, and what it gets back. The JSON shapes are in tests/contracts/turn.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True)
class TurnRequest:
    """One run of the bot over the unanswered customer entries of a conversation.

    `press` is the payload of a button that the customer pressed, taken from our own timeline; `owner` is "bot", or
    "queue" while he waits for a person; `customer` is given when the shop has vouched for who he is; `contact` is what
    he was answered before, as the contract has it.
    """

    tenant: str
    conversation: str
    phase: int
    turn: str
    text: str
    press: str | None
    channel: str
    language: str | None
    owner: str
    customer: Mapping[str, Any] | None
    context: Sequence[Mapping[str, str]]
    contact: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Answer:
    """What the bot says, and perhaps its wish for a human: {"reason", "priority", "evidence"}."""

    messages: Sequence[Mapping[str, Any]]
    handoff: Mapping[str, Any] | None = None
    nlu: Mapping[str, Any] = field(default_factory=dict)
    understanding: Mapping[str, Any] | None = None
    bot: str = ""
    errors: Sequence[str] = ()


class Bot(Protocol):
    """Answers a turn, or raises BotFailed."""

    name: str

    async def ask(self, request: TurnRequest) -> Answer: ...
