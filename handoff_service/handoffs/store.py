"""All SQL of handoffs and queues."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.conversations.model import OwnerKind
from handoff_service.errors import NotFound
from handoff_service.handoffs.model import Handoff
from handoff_service.statements import Statement

H = tables.handoffs.c
C = tables.conversations.c
A = tables.agents.c

FIND = Statement(sa.select(tables.handoffs).where(H.tenant == sa.bindparam("tenant"), H.id == sa.bindparam("id")))
HOLDER = Statement(
    sa.select(C.id.label("conversation"), A.id, A.name)
    .join(tables.handoffs, sa.and_(H.tenant == C.tenant, H.id == C.handoff))
    .join(tables.agents, sa.and_(A.tenant == C.tenant, A.id == C.owner_agent))
    .where(H.tenant == sa.bindparam("tenant"), H.id == sa.bindparam("handoff"), C.id == H.conversation)
)
_WAITING = sa.select(tables.handoffs).join(
    tables.conversations, sa.and_(C.tenant == H.tenant, C.id == H.conversation, C.handoff == H.id)
)


Row = Mapping[str, Any] | sa.RowMapping


def _handoff(row: Row) -> Handoff:
    columns = {name: row[name] for name in Handoff.__dataclass_fields__}
    return Handoff(**columns | {"declined": tuple(row["declined"])})


def add(connection: sa.Connection, handoff: Handoff) -> None:
    values = {name: getattr(handoff, name) for name in Handoff.__dataclass_fields__}
    connection.execute(
        sa.insert(tables.handoffs).values(
            **values | {"evidence": dict(handoff.evidence), "declined": list(handoff.declined)}
        )
    )


def find(connection: sa.Connection, tenant: str, handoff: str) -> Handoff:
    """The handoff. Raises NotFound."""
    row = FIND.first(connection, tenant=tenant, id=handoff)
    if row is None:
        raise NotFound(f"There is no handoff {handoff}.", handoff=handoff)
    return _handoff(row)


def holder(connection: sa.Connection, tenant: str, handoff: str) -> Row | None:
    """`id` and `name` of the agent who has it or to whom it is offered, and its `conversation`; None while it waits."""
    return HOLDER.first(connection, tenant=tenant, handoff=handoff)


def of_conversation(connection: sa.Connection, tenant: str, conversation: str) -> list[Handoff]:
    """All handoffs of a conversation, oldest first."""
    query = (
        sa.select(tables.handoffs).where(H.tenant == tenant, H.conversation == conversation).order_by(H.requested_at)
    )
    return [_handoff(row) for row in connection.execute(query).mappings()]


def by_ids(connection: sa.Connection, tenant: str, ids: set[str]) -> dict[str, Handoff]:
    query = sa.select(tables.handoffs).where(H.tenant == tenant, H.id.in_(ids))
    return {row["id"]: _handoff(row) for row in connection.execute(query).mappings()}


def waiting(connection: sa.Connection, tenant: str, queue: str | None = None, *, limit: int = 100) -> list[Handoff]:
    """Handoffs whose conversation waits in the queue (all queues if None), in queue order."""
    query = _WAITING.where(H.tenant == tenant, C.owner_kind == OwnerKind.QUEUE)
    if queue is not None:
        query = query.where(C.queue == queue)
    return [_handoff(row) for row in connection.execute(query.order_by(H.rank, H.id).limit(limit)).mappings()]


def place(connection: sa.Connection, handoff: Handoff) -> int:
    """Place in the queue, from 1. An offer that is out keeps its place: it may come back."""
    query = (
        sa.select(sa.func.count())
        .select_from(tables.conversations)
        .join(tables.handoffs, sa.and_(C.tenant == H.tenant, C.handoff == H.id))
        .where(
            C.tenant == handoff.tenant,
            C.queue == handoff.queue,
            C.owner_kind.in_([OwnerKind.QUEUE, OwnerKind.OFFER]),
            sa.or_(H.rank < handoff.rank, sa.and_(H.rank == handoff.rank, H.id < handoff.id)),
        )
    )
    return 1 + int(connection.execute(query).scalar_one())


def front_rank(connection: sa.Connection, tenant: str, queue: str) -> int | None:
    """The lowest rank that waits in the queue, or None."""
    query = (
        sa.select(sa.func.min(H.rank))
        .join(tables.conversations, sa.and_(C.tenant == H.tenant, C.handoff == H.id))
        .where(C.tenant == tenant, C.queue == queue, C.owner_kind.in_([OwnerKind.QUEUE, OwnerKind.OFFER]))
    )
    return connection.execute(query).scalar_one_or_none()


def recent_acceptances(
    connection: sa.Connection, tenant: str, queue: str, *, since: datetime, limit: int = 50
) -> list[datetime]:
    """Moments of the latest acceptances of a queue, newest first."""
    query = (
        sa.select(H.accepted_at)
        .where(H.tenant == tenant, H.queue == queue, H.accepted_at >= since)
        .order_by(H.accepted_at.desc())
        .limit(limit)
    )
    return [row.accepted_at for row in connection.execute(query)]


def update(connection: sa.Connection, handoff: Handoff, **values: Any) -> None:
    connection.execute(
        sa.update(tables.handoffs).where(H.tenant == handoff.tenant, H.id == handoff.id).values(**values)
    )
