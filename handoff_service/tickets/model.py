"""What a ticket is made of: its state, what can happen to it, and the line that each happening leaves in its log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from handoff_service.tickets.settings import PROMISE


class State(StrEnum):
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"  # for the customer
    RESOLVED = "resolved"
    CLOSED = "closed"


class Deed(StrEnum):
    """What can happen to a ticket; the table in states.py says which of these change its state, and how."""

    OPENED = "opened"
    TAKEN = "taken"
    ASSIGNED = "assigned"
    RELEASED = "released"
    AWAITED = "awaited"
    ANSWERED = "answered"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    CLOSED = "closed"
    MERGED = "merged"
    UPDATED = "updated"
    CHANGED = "changed"
    LINKED = "linked"
    UNLINKED = "unlinked"
    ATTACHED = "attached"
    TOOK_IN = "took_in"
    SPLIT = "split"
    PLANNED = "planned"
    CHECKED = "checked"
    OVERDUE = "overdue"
    FILED = "filed"  # in the register of complaints
    CLASSIFIED = "classified"
    EVIDENCE = "evidence"
    REMEDY = "remedy"
    THREATENED = "threatened"


class Source(StrEnum):
    """What opened a ticket."""

    HAND = "hand"
    BOT = "bot"
    HOURS = "hours"  # nobody is on duty, or the customer prefers to leave a message
    OVERFLOW = "overflow"
    COMPLAINT = "complaint"
    CALLBACK = "callback"
    SPLIT = "split"
    RATING = "rating"


NORMAL, URGENT, HIGHEST = 3, 8, 9  # classes of priority, 0 to 9, as those of handoffs


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """`agent` or `queue` owns it. `told_in` and `told_seq`: the entry that last told its customer of it.

    `about_agent`: whom it complains about; only those who decide on complaints see it then, and never himself.
    `check_plan`: {"kind": "message" or "task", "text", "by"}, due at `check_at`. `look_at`: when the sweeper looks.
    """

    tenant: str
    id: str
    number: str | None
    type: str
    subject: str
    state: State
    priority: int = NORMAL
    tier: int = 1
    source: str
    conversation: str
    contact: str | None
    agent: str | None = None
    queue: str | None = None
    reply_to: str = ""
    fields: Mapping[str, Any] | None = field(default=None, hash=False)
    turn: str | None = None
    due_at: datetime
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None
    overdue_at: datetime | None = None
    check_at: datetime | None = None
    check_plan: Mapping[str, Any] | None = field(default=None, hash=False)
    look_at: datetime | None = None
    about_agent: str | None = None
    merged_into: str | None = None
    told_in: str | None = None
    told_seq: int | None = None
    last_n: int = 0

    @property
    def is_promise(self) -> bool:
        """Whether it is only a promise to answer its conversation, which ends with that."""
        return self.type == PROMISE


@dataclass(frozen=True, kw_only=True)
class Happening:
    """One line of a ticket's log; `n` counts from 1 without gaps. `actor` is "agent:a_1", "customer:k_1", "system"."""

    n: int
    kind: Deed
    actor: str
    audience: str
    body: Mapping[str, Any] = field(hash=False)
    at: datetime
