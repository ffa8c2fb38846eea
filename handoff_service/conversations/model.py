"""What a conversation is made of: owner, entries, authors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class OwnerKind(StrEnum):
    BOT = "bot"
    QUEUE = "queue"
    OFFER = "offer"
    AGENT = "agent"
    MAILBOX = "mailbox"
    CLOSED = "closed"


class Event(StrEnum):
    """Everything that can change the owner; the owner table says from where to where."""

    OPENED = "opened"
    ASKED = "asked"
    UNSURE = "unsure"
    UNHAPPY = "unhappy"
    POLICY = "policy"
    BOT_FAILED = "bot_failed"
    REPLY_TIMEOUT = "reply_timeout"
    OFFER = "offer"
    ACCEPT = "accept"
    DECLINE = "decline"
    OFFER_TIMEOUT = "offer_timeout"
    AGENT_LOST = "agent_lost"
    CLAIM = "claim"
    TAKE_OVER = "take_over"
    TRANSFER = "transfer"
    ESCALATE = "escalate"
    GIVE_BACK = "give_back"
    SOLVED = "solved"
    LEAVE_MESSAGE = "leave_message"
    CLOSING_TIME = "closing_time"
    OVERFLOW = "overflow"
    CLOSE = "close"
    IDLE = "idle"
    REOPEN = "reopen"


HANDOFF_REASONS = frozenset(
    {Event.ASKED, Event.UNSURE, Event.UNHAPPY, Event.POLICY, Event.BOT_FAILED, Event.REPLY_TIMEOUT}
)


class AuthorKind(StrEnum):
    CUSTOMER = "customer"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


class Kind(StrEnum):
    """What an entry is; `hidden` is how a customer sees an internal one."""

    MESSAGE = "message"
    STATE = "state"
    FEEDBACK = "feedback"
    RATING = "rating"
    HIDDEN = "hidden"


class Audience(StrEnum):
    PUBLIC = "public"
    INTERNAL = "internal"


@dataclass(frozen=True)
class Owner:
    """Who may speak to the customer now."""

    kind: OwnerKind
    agent: str | None = None
    queue: str | None = None


@dataclass(frozen=True)
class Author:
    kind: AuthorKind
    id: str
    name: str


SYSTEM = Author(AuthorKind.SYSTEM, "system", "")
BOT = Author(AuthorKind.BOT, "bot", "")


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """The cached head of a timeline: `owner`, `epoch` and `last_seq` follow from the entries by replay.

    `load` is what it takes of its agent's capacity, None for 1.
    """

    tenant: str
    id: str
    channel: str
    contact: str
    language: str
    owner: Owner
    epoch: int
    phase: int
    last_seq: int
    handoff: str | None
    deadline_at: datetime | None
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    preview: str
    mood: float | None
    rated_seq: int | None
    account: str | None
    load: int | None = None


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An entry before it has a place in the timeline."""

    kind: Kind
    author: Author
    body: Mapping[str, Any]
    audience: Audience = Audience.PUBLIC
    client_id: str | None = None
    turn: str | None = None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of a timeline; `epoch` is the one it was written under."""

    tenant: str
    conversation: str
    seq: int
    mid: str
    kind: Kind
    audience: Audience
    author: Author
    body: Mapping[str, Any] = field(hash=False)
    client_id: str | None
    epoch: int
    turn: str | None
    at: datetime


def by_customer(entry: Entry | Draft) -> bool:
    """Whether it is what the customer says himself."""
    return entry.kind is Kind.MESSAGE and entry.author.kind is AuthorKind.CUSTOMER


def body_hash(kind: str, audience: str, body: Mapping[str, Any]) -> str:
    """Tells whether a repeated client_id came with the same content; 64 hex digits."""
    canonical = json.dumps([kind, audience, body], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
