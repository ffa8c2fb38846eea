"""What is simulated: customers who come, agents who work, queues as they are configured; and what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from handoff_service.agents.model import Agent
from handoff_service.handoffs.queue import Wait
from handoff_service.tenants.model import QueueSettings
from handoff_service.tenants.routing import CapacityWeights


@dataclass(frozen=True, kw_only=True)
class Customer:
    """Somebody who asks for a person at `at_s` of the day, and what nobody knows before: his patience and his matter.

    `messages`: he would rather leave a message than wait for long.
    """

    id: str
    at_s: float
    queue: str
    language: str
    channel: str
    priority: int
    mood: float
    patience_s: float
    service_s: float
    messages: bool = False
    contact: str = ""


@dataclass(frozen=True, kw_only=True)
class Shift:
    """An agent at his desk from `from_s` until `to_s`; he ignores a `careless` share of his offers."""

    agent: Agent
    from_s: float
    to_s: float
    careless: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Day:
    """Everything that is known before the day begins. Offers go out every `sweep_s`, at once when it is 0.

    Who accepts does so after between `accept_from_s` and `accept_to_s`.
    """

    name: str
    queues: tuple[QueueSettings, ...]
    shifts: tuple[Shift, ...]
    customers: Sequence[Customer]
    weights: CapacityWeights = field(default_factory=CapacityWeights)
    sweep_s: float = 1.0
    offer_s: float = 30.0
    accept_from_s: float = 2.0
    accept_to_s: float = 12.0


@dataclass
class Fate:
    """What became of a customer. `shown` is the wait that he was told when he came, if everybody was busy."""

    customer: Customer
    queue: str
    ended: str = "waiting"  # served, gave_up, message, mailbox, callback
    wait_s: float = 0.0
    agent: str | None = None
    shown: Wait | None = None
    been: list[str] = field(default_factory=list)


@dataclass
class Work:
    """What an agent has done: how many conversations, for how long he was there, and how much of his room was used."""

    agent: Agent
    conversations: int = 0
    there_s: float = 0.0
    used_s: float = 0.0
    angry_row: int = 0
    worst_row: int = 0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A whole day as it went; `late` counts those who were overtaken by somebody who came after the ageing bound."""

    day: Day
    fates: Sequence[Fate]
    work: Sequence[Work]
    late: int
    decisions: int
    took_s: float
