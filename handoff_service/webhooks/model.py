"""What integrators can be told, to whom, and when it is tried again."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class EventType(StrEnum):
    """`data` of each holds ids, kinds and moments, never what people wrote: that is fetched from the API."""

    CONVERSATION_OPENED = "conversation.opened"
    CONVERSATION_CLOSED = "conversation.closed"
    HANDOFF_REQUESTED = "handoff.requested"
    HANDOFF_ACCEPTED = "handoff.accepted"
    MESSAGE = "message.created"
    TICKET = "ticket.changed"
    SLA_BREACH = "sla.breached"
    LADDER_RUNG = "ladder.rung"
    TEST = "webhook.test"  # asked for by hand, goes to one webhook whatever it listens to


class MessageState(StrEnum):
    WAITING = "waiting"  # for its turn, for another attempt, or for the end of one that is under way
    SENT = "sent"
    DEAD = "dead"  # every attempt failed; `replay` begins anew


# Seconds between the attempts: the first is at once, the last about 32 hours later.
SCHEDULE_S = (5, 30, 120, 600, 1_800, 7_200, 18_000, 36_000, 50_400)
MOST_ATTEMPTS = len(SCHEDULE_S) + 1
JITTER = 0.1  # at most so much later, so that not all come back at once
LEASE = timedelta(seconds=30)
MOST_WEBHOOKS = 20


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """An address of an integrator; `events` empty: all. `secrets`: the newest first, one or two."""

    tenant: str
    id: str
    url: str
    description: str
    events: tuple[EventType, ...]
    secrets: tuple[str, ...]
    disabled: bool
    created_at: datetime

    def wants(self, event: EventType) -> bool:
        return not self.disabled and (event is EventType.TEST or not self.events or event in self.events)


@dataclass(frozen=True, kw_only=True)
class Message:
    """An event for one webhook. `id` is the header webhook-id: the same in every attempt."""

    tenant: str
    id: str
    webhook: str
    subject: str
    event: str
    body: Mapping[str, Any]
    state: MessageState
    attempts: int
    next_at: datetime
    lease_until: datetime | None
    error: str | None
    created_at: datetime
    ended_at: datetime | None


def next_attempt(event: str, attempts: int, now: datetime) -> datetime | None:
    """When to try again after so many failed attempts; None when that was the last one, as a test's first is."""
    if attempts >= (1 if event == EventType.TEST else MOST_ATTEMPTS):
        return None
    return now + timedelta(seconds=SCHEDULE_S[attempts - 1] * random.uniform(1.0, 1.0 + JITTER))
