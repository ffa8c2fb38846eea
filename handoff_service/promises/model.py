"""Clocks of the service level and promises in words: what is stored of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class ClockKind(StrEnum):
    """What is measured of a handoff: until somebody first answers, answers again, and until it ends."""

    FIRST_REPLY = "first_reply"
    NEXT_REPLY = "next_reply"
    RESOLUTION = "resolution"


class Outcome(StrEnum):
    """How a clock stands. `dropped`: the handoff ended before anybody could answer."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    MISSED = "missed"
    DROPPED = "dropped"


class Settled(StrEnum):
    """How a promise stands."""

    OPEN = "open"
    KEPT = "kept"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Clock:
    """One clock as the timeline tells: working time `used` until it last `stopped_at`; it may be running since."""

    kind: ClockKind
    since_seq: int
    started_at: datetime
    running_since: datetime | None
    used: timedelta = timedelta()
    stopped_at: datetime | None = None
    ended_at: datetime | None = None
    answered: bool = False


@dataclass(frozen=True, kw_only=True)
class StoredClock:
    """A clock with its target: when it warns and is due if nothing happens, what was told of it, when to look again.

    Each next reply has one of its own; `since_seq` is the entry that started it.
    """

    tenant: str
    handoff: str
    kind: ClockKind
    conversation: str
    queue: str
    channel: str
    priority: int
    since_seq: int
    started_at: datetime
    target_s: int
    used_s: int
    state: Outcome
    warn_at: datetime | None
    due_at: datetime | None
    warned_at: datetime | None = None
    breached_at: datetime | None = None
    ended_at: datetime | None = None
    next_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Promise:
    """Something that an agent or the bot has promised a customer: in his words, by when, and what became of it."""

    tenant: str
    id: str
    conversation: str
    seq: int
    n: int
    text: str
    deed: str
    by_kind: str
    by_id: str
    queue: str | None
    said_at: datetime
    due_at: datetime
    remind_at: datetime
    vague: bool
    state: Settled = Settled.OPEN
    reminded_at: datetime | None = None
    overdue_at: datetime | None = None
    settled_at: datetime | None = None
    settled_by: str | None = None
    reason: str | None = None
    next_at: datetime | None = None
