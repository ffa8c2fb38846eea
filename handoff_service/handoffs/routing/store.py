"""All SQL of who waits where. The place of a handoff is copied into its conversation's row, beside the owner.

So everything here is a look into one index that holds only what waits: it costs the same however many wait, and
however many have been served before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.conversations import store as conversations
from handoff_service.conversations.model import Conversation
from handoff_service.handoffs.routing.model import Waiting, is_angry, micros
from handoff_service.statements import Row, Statement
from handoff_service.tenants.routing import CapacityWeights

C = tables.conversations.c
H = tables.handoffs.c
QUEUED = C.owner_kind == sa.literal_column("'queue'")
WAITS = C.owner_kind.in_([sa.literal_column("'queue'"), sa.literal_column("'offer'")])
HAS_PLACE = C.rank.is_not(None)
# Groups asked for in one statement; it is compiled once for each number of them.
GROUPS = 16
# Everything that is kept for its last agent is looked at in each round; it is not kept for long.
MOST_KEPT = 500
LAST_RANK = 2**63 - 1

PLACE_OF = Statement(
    sa.select(H.rank, H.priority).where(H.tenant == sa.bindparam("tenant"), H.id == sa.bindparam("handoff"))
)
UNPLACED = sa.select(C.tenant, C.id, C.handoff).where(QUEUED, C.rank.is_(None))
MISPLACED = sa.and_(HAS_PLACE, C.owner_kind.not_in([sa.literal_column("'queue'"), sa.literal_column("'offer'")]))
STALE = (
    sa.select(C.tenant, C.id, C.handoff)
    .join(tables.handoffs, sa.and_(H.tenant == C.tenant, H.id == C.handoff))
    .where(HAS_PLACE, WAITS, sa.or_(C.rank != H.rank, C.priority != H.priority))
)
FIRST_RANK = Statement(
    sa.select(sa.func.min(C.rank).label("rank")).where(
        C.tenant == sa.bindparam("tenant"), C.queue == sa.bindparam("queue"), HAS_PLACE
    )
)
_HEAD = (C.id, C.handoff, C.queue, C.language, C.channel, C.priority, C.rank, C.mood)
KEPT = Statement(
    sa.select(*_HEAD, C.reserved_for, C.reserved_until, H.declined)
    .join(tables.handoffs, sa.and_(H.tenant == C.tenant, H.id == C.handoff))
    .where(C.tenant == sa.bindparam("tenant"), C.reserved_for.is_not(None), QUEUED)
    .order_by(C.reserved_until)
    .limit(sa.literal_column(str(MOST_KEPT)))
)


def _loose(column: sa.Column[Any], *where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """The different values of a column among what waits, found by one look into the index for each of them."""
    first = sa.select(sa.func.min(column).label("value")).where(HAS_PLACE, *where).cte("found", recursive=True)
    after = sa.select(sa.func.min(column)).where(HAS_PLACE, *where, column > first.c.value).scalar_subquery()
    found = first.union_all(sa.select(after).where(first.c.value.is_not(None)))
    return sa.select(found.c.value).where(found.c.value.is_not(None))


WAITING_TENANTS = Statement(_loose(C.tenant))
QUEUES_IN_USE = Statement(_loose(C.queue, C.tenant == sa.bindparam("tenant")))


TURN = Statement(
    sa.select(tables.tenants.c.id)
    .where(tables.tenants.c.id == sa.bindparam("tenant"))
    .with_for_update(skip_locked=True)
)


class Group(NamedTuple):
    """What one kind of agent may be given: a queue in one language."""

    queue: str
    language: str


# Limits are written into the statements: SQLite plans one anew each time when its limit is a parameter, and planning
# costs thirty times what reading the heads does.


@cache
def _ahead(most: int) -> Statement:
    """Counts those before a place, up to `most`."""
    before = (
        sa.select(C.rank)
        .where(
            C.tenant == sa.bindparam("tenant"),
            C.queue == sa.bindparam("queue"),
            HAS_PLACE,
            C.rank <= sa.bindparam("rank"),
            sa.or_(C.rank < sa.bindparam("rank"), C.handoff < sa.bindparam("handoff")),
        )
        .limit(sa.literal_column(str(most)))
        .subquery()
    )
    return Statement(sa.select(sa.func.count().label("ahead")).select_from(before))


@cache
def _first(most: int) -> Statement:
    """The first `most` who wait in a queue."""
    return Statement(
        sa.select(C.rank, C.handoff)
        .where(C.tenant == sa.bindparam("tenant"), C.queue == sa.bindparam("queue"), QUEUED, HAS_PLACE)
        .order_by(C.rank, C.handoff)
        .limit(sa.literal_column(str(most)))
    )


@cache
def _heads(groups: int, most: int) -> Statement:
    """The first `most` of each of so many groups, of those that are kept for nobody."""
    parts = []
    for number in range(groups):
        part = (
            sa.select(*_HEAD)
            .where(
                C.tenant == sa.bindparam("tenant"),
                C.queue == sa.bindparam(f"queue_{number}"),
                C.language == sa.bindparam(f"language_{number}"),
                QUEUED,
                HAS_PLACE,
                C.reserved_for.is_(None),
            )
            # `reserved_for` too, although it is NULL: else PostgreSQL reads the whole lane and sorts it.
            .order_by(C.reserved_for, C.rank, C.handoff)
            .limit(sa.literal_column(str(most)))
            .subquery()
        )
        parts.append(sa.select(part))
    return Statement(sa.union_all(*parts))


def take_place(connection: sa.Connection, tenant: str, conversation: str, handoff: str) -> None:
    """Copies rank and priority of its handoff into the locked row of a conversation that waits or is offered."""
    row = PLACE_OF.first(connection, tenant=tenant, handoff=handoff)
    if row is not None:
        conversations.put(connection, tenant, conversation, rank=row["rank"], priority=row["priority"])


def place_of(connection: sa.Connection, conversation: Conversation) -> tuple[int, str] | None:
    """(rank, handoff) of what waits."""
    row = PLACE_OF.first(connection, tenant=conversation.tenant, handoff=str(conversation.handoff))
    return (row["rank"], str(conversation.handoff)) if row else None


def move_place(connection: sa.Connection, tenant: str, conversation: str, handoff: str) -> None:
    """The same for one that may have been taken meanwhile: whoever is served gets no place any more."""
    found = conversations.find(connection, tenant, conversation, lock=True)
    if found.owner.kind in conversations.WAITS and found.handoff == handoff:
        take_place(connection, tenant, conversation, handoff)


def unplaced(connection: sa.Connection, *, limit: int = 200) -> list[tuple[str, str, str]]:
    """(tenant, conversation, handoff) of those whom a gateway of the release before has queued without a place."""
    rows = connection.execute(UNPLACED.limit(limit))
    return [(row.tenant, row.id, row.handoff) for row in rows]


def misplaced(connection: sa.Connection, *, limit: int = 200) -> list[tuple[str, str]]:
    """(tenant, conversation) of those who kept a place although they do not wait: the release before took them."""
    rows = connection.execute(sa.select(C.tenant, C.id).where(MISPLACED).order_by(C.tenant, C.id).limit(limit))
    return [(row.tenant, row.id) for row in rows]


def clear_place(connection: sa.Connection, tenant: str, conversation: str) -> bool:
    """Takes away the place of one that does not wait; False when it waits again."""
    found = conversations.find(connection, tenant, conversation, lock=True)
    if found.owner.kind in conversations.WAITS:
        return False
    conversations.put(connection, tenant, conversation, **dict.fromkeys(conversations.PLACE))
    return True


def stale(connection: sa.Connection, *, limit: int = 1000) -> list[tuple[str, str, str]]:
    """(tenant, conversation, handoff) of those whose place is not that of their handoff: the release before moved it.

    It looks at everything that waits.
    """
    rows = connection.execute(STALE.limit(limit))
    return [(row.tenant, row.id, row.handoff) for row in rows]


def waiting_tenants(connection: sa.Connection) -> list[str]:
    """Tenants with something that waits or is offered."""
    return [row["value"] for row in WAITING_TENANTS.all(connection)]


def take_turn(connection: sa.Connection, tenant: str) -> bool:
    """Whether no other gateway is distributing this tenant's handoffs; then nobody else does until the commit."""
    return TURN.first(connection, tenant=tenant) is not None


def queues_of(connection: sa.Connection, tenant: str) -> list[str]:
    """The queues of a tenant in which something waits or is offered."""
    return [row["value"] for row in QUEUES_IN_USE.all(connection, tenant=tenant)]


def queues_in_use(connection: sa.Connection) -> dict[str, set[str]]:
    """By tenant, the queues in which something waits or is offered."""
    return {tenant: set(queues_of(connection, tenant)) for tenant in waiting_tenants(connection)}


def ahead(connection: sa.Connection, tenant: str, queue: str, rank: int, handoff: str, *, most: int) -> int:
    """How many wait before this place, offers included because they may come back; counted up to `most`."""
    found = _ahead(most).first(connection, tenant=tenant, queue=queue, rank=rank, handoff=handoff)
    return int(found["ahead"]) if found else 0


def queue_length(connection: sa.Connection, tenant: str, queue: str, *, most: int) -> int:
    """How many wait in a queue or are offered, counted up to `most`."""
    return ahead(connection, tenant, queue, LAST_RANK, "", most=most)


def first_rank(connection: sa.Connection, tenant: str, queue: str) -> int | None:
    """The lowest rank that waits or is offered in a queue, or None."""
    found = FIRST_RANK.first(connection, tenant=tenant, queue=queue)
    return found["rank"] if found else None


def first_in(connection: sa.Connection, tenant: str, queues: Sequence[str], *, most: int) -> list[str]:
    """The handoffs that go first in these queues taken together, those that are offered left out."""
    found: list[Row] = []
    for queue in queues:
        found += _first(most).all(connection, tenant=tenant, queue=queue)
    found.sort(key=lambda row: (row["rank"], row["handoff"]))
    return [row["handoff"] for row in found[:most]]


def heads(
    connection: sa.Connection, tenant: str, groups: Sequence[Group], weights: CapacityWeights, *, most: int
) -> list[Waiting]:
    """The first `most` who wait in each group, kept for nobody; who declined them is not known here."""
    found: list[Waiting] = []
    left = iter(groups)
    while chunk := list(islice(left, GROUPS)):
        asked: dict[str, Any] = {"tenant": tenant}
        for number, group in enumerate(chunk):
            asked |= {f"queue_{number}": group.queue, f"language_{number}": group.language}
        found += [_waiting(row, weights) for row in _heads(len(chunk), most).all(connection, **asked)]
    return found


def kept(connection: sa.Connection, tenant: str, weights: CapacityWeights) -> Iterator[tuple[str, Waiting]]:
    """(conversation, who waits) of all that are kept for an agent, the first to be given up first."""
    for row in KEPT.all(connection, tenant=tenant):
        until = row["reserved_until"]
        yield row["id"], _waiting(row, weights, row["reserved_for"], None if until is None else micros(until))


def give_up_keeping(connection: sa.Connection, tenant: str, kept: Sequence[str]) -> None:
    """From now on these conversations are anybody's."""
    for conversation in kept:
        conversations.put(connection, tenant, conversation, reserved_for=None, reserved_until=None)


def keep_for(connection: sa.Connection, conversation: Conversation, agent: str, until: datetime) -> None:
    """Keeps a waiting conversation for an agent until a moment."""
    conversations.update(connection, conversation, reserved_for=agent, reserved_until=until)


def _waiting(row: Row, weights: CapacityWeights, kept_for: str | None = None, until: int | None = None) -> Waiting:
    return Waiting(
        id=row["handoff"],
        queue=row["queue"],
        language=row["language"],
        priority=row["priority"] or 0,
        rank=row["rank"],
        weight=weights.weight(row["channel"], live=True),
        angry=is_angry(row["mood"]),
        declined=frozenset(row.get("declined") or ()),
        reserved_for=kept_for,
        reserved_until=until,
    )
