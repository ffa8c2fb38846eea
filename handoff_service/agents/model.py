"""Agents: humans who answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What somebody's work is; what it lets him do is the table in handoff_service/permissions.py."""

    AGENT = "agent"  # first line: answers
    EXPERT = "expert"  # knows a field: answers, and vouches for articles
    SUPERVISOR = "supervisor"  # leads a team
    ANALYST = "analyst"  # reads numbers, no message texts
    TRAINER = "trainer"  # trains the bot; reads, does not answer
    ADMIN = "admin"  # head of customer service: people and settings
    OWNER = "owner"  # of the tenant: everything, also admins


class Status(StrEnum):
    """What the agent says of himself; whether a desk is really connected is known by its lease.

    Busy is at work on something else: like who is away he gets nothing new, and keeps what he has.
    """

    ONLINE = "online"
    AWAY = "away"
    BUSY = "busy"
    OFFLINE = "offline"


@dataclass(frozen=True, kw_only=True)
class Agent:
    """`open` counts the conversations that he owns now, by their weight, and never passes `capacity`.

    `skills` are levels from 1 to 5; `angry_row` counts the angry customers whom he got one after the other. `reason`
    tells colleagues why he is away or busy; until `back_at` his conversations wait for him without a desk.
    """

    tenant: str
    id: str
    email: str
    name: str
    role: Role
    languages: tuple[str, ...]
    queues: tuple[str, ...]
    capacity: int
    open: int
    status: Status
    disabled: bool
    seen_at: datetime | None
    last_assigned_at: datetime | None
    skills: Mapping[str, int] = field(default_factory=dict, hash=False)
    angry_row: int = 0
    reason: str = ""
    back_at: datetime | None = None
    home_tenant: str | None = None  # of one who is lent to this tenant: where his own account is
    home_agent: str | None = None
    idle_since: datetime | None = None  # when he last finished a conversation
