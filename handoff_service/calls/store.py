"""All SQL of calls to handoffs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.calls.model import Call, Rung
from handoff_service.conversations.model import OwnerKind
from handoff_service.statements import Row, Statement, inserting

L = tables.calls.c
C = tables.conversations.c
F = tables.full_queues.c

ADD = inserting(tables.calls, "tenant", "handoff", "n", "rung", "agent", "at")
OF_HANDOFF = Statement(
    sa.select(tables.calls)
    .where(L.tenant == sa.bindparam("tenant"), L.handoff == sa.bindparam("handoff"))
    .order_by(L.n)
)
QUEUED_AT = Statement(
    sa.select(L.at)
    .where(
        L.tenant == sa.bindparam("tenant"),
        L.handoff == sa.bindparam("handoff"),
        L.rung == sa.literal_column(f"'{Rung.QUEUED}'"),
    )
    .order_by(L.n.desc())
    .limit(1)
)
MOST_DUE = 100  # of one queue in one look
LADDER_AT = Statement(
    sa.select(C.ladder_at).where(C.tenant == sa.bindparam("tenant"), C.id == sa.bindparam("conversation"))
)
DUE = Statement(
    sa.select(C.id, C.ladder_at)
    .where(
        C.tenant == sa.bindparam("tenant"),
        C.queue == sa.bindparam("queue"),
        C.owner_kind == sa.bindparam("kind"),
        C.ladder_at <= sa.bindparam("now"),
    )
    .order_by(C.ladder_at)
    .limit(sa.literal_column(str(MOST_DUE)))
)
FULL = Statement(sa.select(F.queue, F.at).where(F.tenant == sa.bindparam("tenant")))


def _call(row: Mapping[str, Any] | sa.RowMapping) -> Call:
    return Call(**{name: row[name] for name in Call.__dataclass_fields__} | {"rung": Rung(row["rung"])})


def add(
    connection: sa.Connection,
    tenant: str,
    handoff: str,
    rung: Rung,
    *,
    after: Sequence[Call],
    now: datetime,
    agent: str | None = None,
) -> list[Call]:
    """Notes one more call `after` those there are, and returns all.

    The caller holds the lock of the conversation, and the key lets no two be the same.
    """
    call = Call(n=1 + (after[-1].n if after else 0), rung=rung, agent=agent, at=now)
    ADD.run(connection, tenant=tenant, handoff=handoff, n=call.n, rung=rung, agent=agent, at=now)
    return [*after, call]


def of_handoff(connection: sa.Connection, tenant: str, handoff: str) -> list[Call]:
    """All calls to a handoff, in their order."""
    return [_call(row) for row in OF_HANDOFF.all(connection, tenant=tenant, handoff=handoff)]


def queued_at(connection: sa.Connection, tenant: str, handoff: str) -> datetime | None:
    """Since when a handoff has waited in the queue in which it is, offers included."""
    row = QUEUED_AT.first(connection, tenant=tenant, handoff=handoff)
    return row["at"] if row else None


def of_handoffs(connection: sa.Connection, tenant: str, handoffs: Collection[str]) -> dict[str, list[Call]]:
    """By handoff, all calls in their order."""
    found: dict[str, list[Call]] = {}
    if not handoffs:
        return found
    query = sa.select(tables.calls).where(L.tenant == tenant, L.handoff.in_(handoffs)).order_by(L.handoff, L.n)
    for row in connection.execute(query).mappings():
        found.setdefault(row["handoff"], []).append(_call(row))
    return found


def show(connection: sa.Connection, tenant: str, handoff: str, n: int, *, agent: str, now: datetime) -> bool:
    """Notes that a call was shown; False when that is known already."""
    where = (L.tenant == tenant, L.handoff == handoff, L.n == n, L.shown_at.is_(None))
    done = connection.execute(sa.update(tables.calls).where(*where).values(shown_at=now, shown_to=agent))
    return done.rowcount == 1


def hold(
    connection: sa.Connection, tenant: str, handoff: str, n: int, calls: Sequence[Call], now: datetime
) -> list[Call]:
    """Lets the time of the n-th call begin anew. Returns all `calls` as they are then."""
    where = (L.tenant == tenant, L.handoff == handoff, L.n == n)
    connection.execute(sa.update(tables.calls).where(*where).values(held_at=now))
    return [replace(call, held_at=now) if call.n == n else call for call in calls]


def due(connection: sa.Connection, tenant: str, queue: str, kind: OwnerKind, now: datetime) -> list[Row]:
    """{id, ladder_at} of the MOST_DUE ladders that are due the longest, of what waits in a queue or is offered.

    It costs the same however many wait.
    """
    return DUE.all(connection, tenant=tenant, queue=queue, kind=kind, now=now)


def ladder_at(connection: sa.Connection, tenant: str, conversation: str) -> datetime | None:
    """When the ladder of a conversation is to be looked at, if it is."""
    row = LADDER_AT.first(connection, tenant=tenant, conversation=conversation)
    return row["ladder_at"] if row else None


def full_at(connection: sa.Connection, tenant: str, until: datetime) -> dict[str, datetime]:
    """By queue, when everybody was last seen with his hands full; what is later than `until` a clock wrote that was
    ahead, and it would stop all ladders of its queue until then."""
    return {row["queue"]: row["at"] for row in FULL.all(connection, tenant=tenant) if row["at"] <= until}


def first_outside(
    connection: sa.Connection, tenant: str, queue: str | None, *, since: datetime, before: datetime
) -> str | None:
    """Of those who wait in a queue or are offered, the handoff for which the rung outside came first in this span."""
    query = (
        sa.select(L.handoff)
        .join(tables.conversations, sa.and_(C.tenant == L.tenant, C.handoff == L.handoff))
        .where(C.tenant == tenant, C.queue == queue, C.owner_kind.in_([OwnerKind.QUEUE, OwnerKind.OFFER]))
        .where(L.tenant == tenant, L.rung == Rung.OUTSIDE, L.at >= since, L.at < before)
        .order_by(L.at, L.handoff)
        .limit(1)
    )
    return connection.execute(query).scalar()


def note_full(connection: sa.Connection, tenant: str, queue: str, now: datetime) -> None:
    """Everybody of the queue has his hands full now."""
    where = (F.tenant == tenant, F.queue == queue)
    if connection.execute(sa.update(tables.full_queues).where(*where).values(at=now)).rowcount == 0:
        connection.execute(sa.insert(tables.full_queues).values(tenant=tenant, queue=queue, at=now))
