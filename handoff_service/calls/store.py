"""All SQL of calls to handoffs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.calls.model import Call, Rung
from handoff_service.statements import Statement, inserting

L = tables.calls.c

ADD = inserting(tables.calls, "tenant", "handoff", "n", "rung", "agent", "at")
LAST = Statement(
    sa.select(L.n)
    .where(L.tenant == sa.bindparam("tenant"), L.handoff == sa.bindparam("handoff"))
    .order_by(L.n.desc())
    .limit(1)
)


def _call(row: Mapping[str, Any] | sa.RowMapping) -> Call:
    return Call(**{name: row[name] for name in Call.__dataclass_fields__} | {"rung": Rung(row["rung"])})


def add(
    connection: sa.Connection, tenant: str, handoff: str, rung: Rung, *, now: datetime, agent: str | None = None
) -> None:
    """Notes one more call; the caller holds the lock of the conversation, and the key lets no two be the same."""
    last = LAST.first(connection, tenant=tenant, handoff=handoff)
    n = 1 + (last["n"] if last else 0)
    ADD.run(connection, tenant=tenant, handoff=handoff, n=n, rung=rung, agent=agent, at=now)


def of_handoff(connection: sa.Connection, tenant: str, handoff: str) -> list[Call]:
    """All calls to a handoff, in their order."""
    return of_handoffs(connection, tenant, [handoff]).get(handoff, [])


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


def hold(connection: sa.Connection, tenant: str, handoff: str, n: int, now: datetime) -> None:
    """Lets the time of a call begin anew."""
    where = (L.tenant == tenant, L.handoff == handoff, L.n == n)
    connection.execute(sa.update(tables.calls).where(*where).values(held_at=now))
