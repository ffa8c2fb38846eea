"""All SQL of handoffs and queues."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.conversations import store as conversations
from handoff_service.conversations.model import Kind, OwnerKind
from handoff_service.errors import NotFound
from handoff_service.handoffs.model import Handoff
from handoff_service.handoffs.receipt import Move
from handoff_service.handoffs.routing import store as routing
from handoff_service.statements import Statement
from handoff_service.tenants.model import TenantSettings

H = tables.handoffs.c
C = tables.conversations.c
A = tables.agents.c
E = tables.entries.c

# Nobody is told a place beyond this: counting costs as much as there is to count.
FARTHEST = 1000

FIND = Statement(sa.select(tables.handoffs).where(H.tenant == sa.bindparam("tenant"), H.id == sa.bindparam("id")))
HOLDER = Statement(
    sa.select(C.id.label("conversation"), A.id, A.name)
    .join(tables.handoffs, sa.and_(H.tenant == C.tenant, H.id == C.handoff))
    .join(tables.agents, sa.and_(A.tenant == C.tenant, A.id == C.owner_agent))
    .where(H.tenant == sa.bindparam("tenant"), H.id == sa.bindparam("handoff"), C.id == H.conversation)
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


def moves_of(connection: sa.Connection, handoff: Handoff, *, limit: int = 500) -> list[Move]:
    """The changes of owner from its request on, the first one first; also those after its end."""
    where = (E.tenant == handoff.tenant, E.conversation == handoff.conversation, E.kind == Kind.STATE)
    query = sa.select(E.body, E.author_kind, E.author_name, E.at).where(*where, E.seq >= handoff.requested_seq)
    return [
        Move(OwnerKind(row.body["to"]["kind"]), row.body["to"].get("agent"), row.author_kind, row.author_name, row.at)
        for row in connection.execute(query.order_by(E.seq).limit(limit))
    ]


def by_ids(connection: sa.Connection, tenant: str, ids: set[str]) -> dict[str, Handoff]:
    query = sa.select(tables.handoffs).where(H.tenant == tenant, H.id.in_(ids))
    return {row["id"]: _handoff(row) for row in connection.execute(query).mappings()}


def waiting(
    connection: sa.Connection, tenant: str, queue: str | None = None, *, limit: int = 100, among: Collection[str] = ()
) -> list[Handoff]:
    """Handoffs whose conversation waits in the queue, in queue order; with None in those `among`, or in all."""
    queues = [queue] if queue is not None else sorted(among or routing.queues_in_use(connection).get(tenant, ()))
    order = routing.first_in(connection, tenant, queues, most=limit)
    found = by_ids(connection, tenant, set(order))
    return [found[handoff] for handoff in order if handoff in found]


def place(connection: sa.Connection, handoff: Handoff, *, most: int = FARTHEST) -> int:
    """Place in the queue, from 1, counted up to `most`. An offer that is out keeps its place: it may come back."""
    return 1 + routing.ahead(connection, handoff.tenant, handoff.queue, handoff.rank, handoff.id, most=most - 1)


def most_urgent(connection: sa.Connection, tenant: str, *, limit: int) -> list[str]:
    """Handoffs in the mailbox by priority, then by who asked first: nobody may lie under what came after him."""
    query = (
        sa.select(H.id)
        .join(tables.conversations, sa.and_(C.tenant == H.tenant, C.handoff == H.id))
        .where(C.tenant == tenant, C.owner_kind == OwnerKind.MAILBOX)
        .order_by(H.priority.desc(), H.requested_at, H.id)
    )
    return list(connection.execute(query.limit(limit)).scalars())


def front_rank(connection: sa.Connection, tenant: str, queue: str) -> int | None:
    """The lowest rank that waits in the queue, or None."""
    return routing.first_rank(connection, tenant, queue)


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


def last_ahead(
    connection: sa.Connection, tenant: str, queue: str, rank: int, *, since: datetime, until: datetime
) -> datetime | None:
    """When the last one of a queue was accepted who stood no further behind than this rank.

    None: nobody within these moments.
    """
    query = sa.select(sa.func.max(H.accepted_at)).where(
        H.tenant == tenant, H.queue == queue, H.accepted_at >= since, H.accepted_at <= until, H.rank <= rank
    )
    return connection.execute(query).scalar()


def ended(
    connection: sa.Connection, tenant: str, queue: str, *, since: datetime, limit: int = 100
) -> list[tuple[datetime, datetime | None, datetime]]:
    """(queued, accepted or None, closed) of the handoffs of a queue that ended last, the latest first."""
    query = (
        sa.select(H.requested_at, H.queued_at, H.accepted_at, H.closed_at)
        .where(H.tenant == tenant, H.queue == queue, H.closed_at >= since)
        .order_by(H.closed_at.desc())
        .limit(limit)
    )
    return [(row.queued_at or row.requested_at, row.accepted_at, row.closed_at) for row in connection.execute(query)]


def arrivals(
    connection: sa.Connection, tenant: str, queue: str, *, since: datetime, limit: int = 100
) -> list[tuple[datetime, int]]:
    """(when, class of priority) of those who asked last for this queue, the latest first."""
    query = (
        sa.select(H.requested_at, H.priority)
        .where(H.tenant == tenant, H.queue == queue, H.requested_at >= since)
        .order_by(H.requested_at.desc())
        .limit(limit)
    )
    return [(row.requested_at, row.priority) for row in connection.execute(query)]


def last_served_by(connection: sa.Connection, tenant: str, contact: str, *, since: datetime) -> str | None:
    """The agent who last had a conversation of this contact, if that was not before `since`."""
    query = (
        sa.select(H.accepted_by)
        .join(tables.conversations, sa.and_(C.tenant == H.tenant, C.id == H.conversation))
        .where(C.tenant == tenant, C.contact == contact, C.updated_at >= since, H.accepted_at >= since)
        .order_by(H.accepted_at.desc())
        .limit(1)
    )
    return connection.execute(query).scalar()


def held_beside(connection: sa.Connection, tenant: str, queue: str) -> dict[str, int]:
    """By queue, how many conversations those agents have who have at least one from this queue."""
    here = (
        sa.select(C.owner_agent)
        .where(C.tenant == tenant, C.owner_kind == OwnerKind.AGENT, C.queue == queue)
        .distinct()
        .subquery()
    )
    query = (
        sa.select(C.queue, sa.func.count().label("held"))
        .join(here, here.c.owner_agent == C.owner_agent)
        .where(C.tenant == tenant, C.owner_kind == OwnerKind.AGENT)
        .group_by(C.queue)
    )
    return {row.queue: row.held for row in connection.execute(query) if row.queue}


def in_service(connection: sa.Connection, tenant: str, queue: str) -> int:
    """Conversations from this queue that agents have now."""
    query = (
        sa.select(sa.func.count())
        .select_from(tables.conversations)
        .where(C.tenant == tenant, C.owner_kind == OwnerKind.AGENT, C.queue == queue)
    )
    return int(connection.execute(query).scalar_one())


def update(connection: sa.Connection, handoff: Handoff, **values: Any) -> None:
    connection.execute(
        sa.update(tables.handoffs).where(H.tenant == handoff.tenant, H.id == handoff.id).values(**values)
    )
    if "rank" in values or "priority" in values:
        routing.move_place(connection, handoff.tenant, handoff.conversation, handoff.id)


def age_anew(connection: sa.Connection, tenant: str, before: TenantSettings, after: TenantSettings) -> None:
    """Moves who waits to the places that he would have if a class of priority had always been worth what it is now."""
    for queue in after.queues:
        sooner = (before.worth(queue.id) - after.worth(queue.id)) // timedelta(microseconds=1)
        if sooner:
            waits = (C.tenant == tenant, C.queue == queue.id, C.rank.is_not(None))
            conversations.put_all(connection, *waits, rank=C.rank + C.priority * sooner)
            theirs = (H.tenant == tenant, H.id.in_(sa.select(C.handoff).where(*waits)))
            moved = sa.update(tables.handoffs).where(*theirs).values(rank=H.rank + H.priority * sooner)
            connection.execute(moved)


def keep_standing(connection: sa.Connection, tenant: str, handoff: str, standing: Mapping[str, Any]) -> None:
    """How the clocks of a handoff stand, see promises.clocks.Standing."""
    where = (H.tenant == tenant, H.id == handoff)
    connection.execute(sa.update(tables.handoffs).where(*where).values(standing=dict(standing)))


def backlog(connection: sa.Connection, tenant: str) -> list[Row]:
    """{queue, kind, count, oldest} of everything that people have: `oldest` is when the first of them was asked for."""
    people = [OwnerKind.QUEUE, OwnerKind.OFFER, OwnerKind.AGENT, OwnerKind.MAILBOX]
    query = (
        sa.select(
            C.queue,
            C.owner_kind.label("kind"),
            sa.func.count().label("count"),
            sa.func.min(H.requested_at, type_=H.requested_at.type).label("oldest"),
        )
        .join(tables.handoffs, sa.and_(H.tenant == C.tenant, H.id == C.handoff))
        .where(C.tenant == tenant, C.owner_kind.in_(people), C.queue.is_not(None))
        .group_by(C.queue, C.owner_kind)
    )
    return list(connection.execute(query).mappings())
