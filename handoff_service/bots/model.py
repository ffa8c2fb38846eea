"""What the gateway asks a bot, and what it gets back. The JSON shapes are in tests/contracts/turn.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True)
class TurnRequest:
    """One run of the bot over the unanswered customer entries of a conversation.

    `press` is the payload of a button that the customer pressed, taken from our own timeline; `owner` is "bot", or
    "queue" while he waits for a person; `orders` says that the tenant's customers are the shop's, and only then
    `customer` is given: the shop has vouched for who he is; `contact` is what he was answered before, as the contract
    has it.

    The rest is left out of the wire when it is None or empty: `now` is the tenant's local time, `returning` that the
    contact was here before, `given_back` what a person left to the bot, `files` what the customer attached (`text` may
    then be empty), `said` the bot's own sentences of the whole conversation, and `policy` what the tenant has set for
    the bot.
    `form` is never sent: the gateway's own form that his last words answer.
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
    orders: bool = False
    contact: Mapping[str, Any] | None = None
    now: datetime | None = None
    returning: Mapping[str, Any] | None = None
    given_back: Mapping[str, Any] | None = None
    files: Sequence[Mapping[str, Any]] = ()
    said: Sequence[str] = ()
    policy: Mapping[str, Any] | None = None
    form: str | None = None


@dataclass(frozen=True)
class Answer:
    """What the bot says, and perhaps its wish for a human: {"reason", "priority", "evidence"}.

    `signals` is what it noticed, whether or not it led to that wish; `ticket` is work that outlives the conversation:
    {"type", "fields", "summary"}; `close` is true when the customer said that it is solved; `task` is the form under
    way: {"name", "wanted"}.
    """

    messages: Sequence[Mapping[str, Any]]
    handoff: Mapping[str, Any] | None = None
    nlu: Mapping[str, Any] = field(default_factory=dict)
    understanding: Mapping[str, Any] | None = None
    bot: str = ""
    errors: Sequence[str] = ()
    signals: Sequence[Mapping[str, Any]] = ()
    ticket: Mapping[str, Any] | None = None
    close: bool = False
    task: Mapping[str, Any] | None = None


class Bot(Protocol):
    """Answers a turn, or raises BotFailed."""

    name: str

    async def ask(self, request: TurnRequest) -> Answer: ...
