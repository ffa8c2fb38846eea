"""How well the gateway keeps up, as the database tells it: what the metrics show and /readyz judges."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.clock import iso
from handoff_service.conversations.model import OwnerKind
from handoff_service.database import Transaction
from handoff_service.outbox import KNOWLEDGE, UNFINISHED

B = tables.outbox.c
C = tables.conversations.c
E = tables.entries.c
H = tables.handoffs.c
M = tables.meta.c


@dataclass(frozen=True)
class Vitals:
    """Ages in seconds; 0 when there is nothing of the kind.

    `queue_age` is the longest wait for an agent, `outbox_age` the age of the oldest entry with an unfinished effect
    (a turn of the bot, a delivery), however often it was tried, and `oldest_unowned` how long the deadline of the
    most overdue conversation has passed without anybody having looked after it.
    """

    queue_age: float
    outbox_age: float
    oldest_unowned: float


_WAITING = (
    sa.select(sa.func.min(H.queued_at))
    .select_from(tables.conversations)
    .join(tables.handoffs, sa.and_(H.tenant == C.tenant, H.id == C.handoff))
    .where(C.owner_kind.in_([OwnerKind.QUEUE, OwnerKind.OFFER]))
)
_UNFINISHED = (
    sa.select(sa.func.min(E.at))
    .select_from(tables.outbox)
    .join(tables.entries, sa.and_(E.tenant == B.tenant, E.conversation == B.conversation, E.seq == B.seq))
    .where(B.state.in_(UNFINISHED), B.destination != KNOWLEDGE)  # nobody waits for a report
)
_OVERDUE = sa.select(sa.func.min(C.deadline_at))


def measure(connection: sa.Connection, now: datetime) -> Vitals:
    """The vitals at `now`: three minima over indexed rows."""

    def age(query: sa.Select[Any]) -> float:
        since: datetime | None = connection.execute(query).scalar_one()
        return 0.0 if since is None else max(0.0, float((now - since).total_seconds()))

    return Vitals(age(_WAITING), age(_UNFINISHED), age(_OVERDUE))


def probe(tx: Transaction, node: str, now: datetime) -> None:
    """Writes the present moment where nobody reads it: a database that only pretends to work fails here.

    The row is this node's own, so that none waits for another that hangs, and goes again, as nodes do.
    """
    key = f"probe:{node}"
    tx.connection.execute(sa.insert(tables.meta).values(key=key, value=str(iso(now))))
    tx.connection.execute(sa.delete(tables.meta).where(M.key == key))
