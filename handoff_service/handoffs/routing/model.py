"""What routing needs to know of who waits and of the queues, and nothing else. Pure values; times in microseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from handoff_service.agents.model import Agent
from handoff_service.handoffs.model import CLASS_WORTH
from handoff_service.tenants.model import MOST_HEAT, QueueSettings
from handoff_service.tenants.routing import SkillNeed

MICRO = timedelta(microseconds=1)
SECOND = 1_000_000
# Probability of an unhappy customer from which a conversation counts as angry: that of the bot's handing over.
ANGRY = 0.52


def is_angry(mood: float | None) -> bool:
    """Whether a conversation counts as angry by the mood of its last message."""
    return mood is not None and mood >= ANGRY


def micros(moment: datetime) -> int:
    """A moment as the microseconds since 1970 in which ranks are counted."""
    return int(moment.timestamp() * SECOND)


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """One handoff in a queue. It goes by `rank`, lowest first, then by `id`.

    `reserved_for` is the agent who is waited for until `reserved_until`; `declined` refused or ignored an offer, and
    those who are `resting` did so just now.
    """

    id: str
    queue: str
    language: str
    priority: int
    rank: int
    weight: int = 1
    angry: bool = False
    declined: frozenset[str] = frozenset()
    resting: frozenset[str] = frozenset()
    reserved_for: str | None = None
    reserved_until: int | None = None

    @property
    def place(self) -> tuple[int, str]:
        return self.rank, self.id


@dataclass(frozen=True, kw_only=True, slots=True)
class Queue:
    """How a queue chooses: `worth_us` of a class of priority, what its agents must be able to do, `heat` in a row."""

    tier: int = 1
    needs: tuple[SkillNeed, ...] = ()
    heat: int | None = None
    worth_us: int = CLASS_WORTH // MICRO


PLAIN = Queue()


def queue_of(settings: QueueSettings) -> Queue:
    """A tenant's queue as routing sees it."""
    return Queue(
        tier=settings.tier,
        needs=settings.skills,
        heat=settings.heat if settings.heat < MOST_HEAT else None,
        worth_us=settings.ageing_s * SECOND,
    )


class Match(NamedTuple):
    """Who gets what."""

    waiting: Waiting
    agent: Agent


Queues = Mapping[str, Queue]
