"""Agents: humans who answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    AGENT = "agent"
    SUPERVISOR = "supervisor"


class Status(StrEnum):
    """What the agent says of himself; whether a desk is really connected is known by its lease."""

    ONLINE = "online"
    AWAY = "away"
    OFFLINE = "offline"


@dataclass(frozen=True, kw_only=True)
class Agent:
    """`open` counts the conversations that he owns now and never passes `capacity`."""

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
