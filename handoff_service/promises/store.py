"""All SQL of clocks and promises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.columns import EPOCH
from handoff_service.errors import NotFound
from handoff_service.promises.clocks import Case, Standing, Step, begin, from_kept, step_of
from handoff_service.promises.model import ClockKind, Outcome, Promise, Settled, StoredClock
from handoff_service.statements import Statement

S = tables.sla_clocks.c
P = tables.promises.c
E = tables.entries.c
H = tables.handoffs.c
C = tables.conversations.c

Row = Mapping[Any, Any]
# Those of one handoff, by kind and the entry that started them.
Clocks = dict[tuple[ClockKind, int], StoredClock]


def case_of(connection: sa.Connection, tenant: str, handoff: str) -> tuple[Case, Standing] | None:
    """What the clocks of a handoff go by, and how they stood when they were last looked at."""
    parts = (H.id, H.conversation, H.queue, C.channel, H.priority, H.requested_seq, H.requested_at)
    query = (
        sa.select(H.standing, *parts)
        .join_from(tables.handoffs, tables.conversations, sa.and_(C.tenant == H.tenant, C.id == H.conversation))
        .where(H.tenant == tenant, H.id == handoff)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    case = Case(tenant, *row[1:])
    return case, from_kept(row.standing) if row.standing else begin(case)


def steps_of(connection: sa.Connection, case: Case, *, after: int | None = None) -> list[Step]:
    """What happened in a handoff after an entry (None: its request), as its clocks see it."""
    since = case.requested_seq if after is None else after
    query = (
        sa.select(E.seq, E.at, E.kind, E.audience, E.author_kind, E.body)
        .where(E.tenant == case.tenant, E.conversation == case.conversation, E.seq > since)
        .order_by(E.seq)
    )
    steps = (step_of(*row) for row in connection.execute(query))
    return [step for step in steps if step is not None]


def clocks_of_handoff(
    connection: sa.Connection, tenant: str, handoff: str, among: Iterable[tuple[ClockKind, int]] | None = None
) -> Clocks:
    """Its clocks; with `among` only these."""
    query = sa.select(tables.sla_clocks).where(S.tenant == tenant, S.handoff == handoff)
    if among is not None:
        query = query.where(sa.or_(sa.false(), *(sa.and_(S.kind == kind, S.since_seq == seq) for kind, seq in among)))
    found = [_clock(row) for row in connection.execute(query).mappings()]
    return {(clock.kind, clock.since_seq): clock for clock in found}


def clocks_of_conversation(
    connection: sa.Connection, tenant: str, conversation: str, *, remarkable: bool = False
) -> list[StoredClock]:
    """All clocks of a conversation, those of its last handoff at the end.

    `remarkable`: without the next replies that were in time, of which there are as many as messages.
    """
    query = sa.select(tables.sla_clocks).where(S.tenant == tenant, S.conversation == conversation)
    if remarkable:
        query = query.where(sa.or_(S.kind != ClockKind.NEXT_REPLY, S.ended_at.is_(None), S.breached_at.is_not(None)))
    found = [_clock(row) for row in connection.execute(query).mappings()]
    # Ordered here: asked to do it, SQLite walks through the whole tenant in that order instead of finding these few.
    return sorted(found, key=lambda clock: (clock.started_at, clock.kind, clock.since_seq))


def clocks_to_tell(connection: sa.Connection, tenant: str, conversation: str, now: datetime) -> list[StoredClock]:
    """The clocks of a conversation of which something is due to be told."""
    due_ones = (S.next_at.is_not(None), S.next_at <= now)
    query = sa.select(tables.sla_clocks).where(S.tenant == tenant, S.conversation == conversation, *due_ones)
    return [_clock(row) for row in connection.execute(query.order_by(S.next_at)).mappings()]


def put_clocks(connection: sa.Connection, old: Clocks, new: Iterable[StoredClock]) -> None:
    """Writes the clocks of one handoff; one that has no target any more is taken away."""
    kept = {(clock.kind, clock.since_seq): clock for clock in new}
    for which, clock in kept.items():
        if which not in old:
            connection.execute(sa.insert(tables.sla_clocks).values(**asdict(clock)))
        elif clock != old[which]:
            connection.execute(sa.update(tables.sla_clocks).where(*_only(clock)).values(**asdict(clock)))
    for which in old.keys() - kept.keys():
        connection.execute(sa.delete(tables.sla_clocks).where(*_only(old[which])))


def _only(clock: StoredClock) -> tuple[sa.ColumnElement[bool], ...]:
    return S.tenant == clock.tenant, S.handoff == clock.handoff, S.kind == clock.kind, S.since_seq == clock.since_seq


def going_clocks(connection: sa.Connection, tenant: str, *, limit: int) -> list[StoredClock]:
    """Clocks that run or wait for the customer; the one due first at the top, those that wait at the end."""
    query = sa.select(tables.sla_clocks).where(S.tenant == tenant, S.ended_at.is_(None)).limit(limit)
    order = (S.due_at, S.handoff, S.kind, S.since_seq)
    # Two statements, and no plain column after them: else SQLite walks through all clocks that there ever were.
    parts = (
        query.where(S.due_at >= EPOCH).order_by(*order),
        query.where(S.due_at.is_(None)).order_by(S.handoff.concat("")),
    )
    return [_clock(row) for part in parts for row in connection.execute(part).mappings()][:limit]


def late_clocks(connection: sa.Connection, tenant: str, *, limit: int) -> list[StoredClock]:
    """Clocks that missed their time, running or not; the latest breach first."""
    query = sa.select(tables.sla_clocks).where(S.tenant == tenant, S.breached_at.is_not(None))
    return [_clock(row) for row in connection.execute(query.order_by(S.breached_at.desc()).limit(limit)).mappings()]


def ended_clocks(connection: sa.Connection, tenant: str, *, limit: int) -> list[StoredClock]:
    """Clocks that ended, however; the one that started last first."""
    query = sa.select(tables.sla_clocks).where(S.tenant == tenant, S.ended_at.is_not(None))
    return [_clock(row) for row in connection.execute(query.order_by(S.started_at.desc()).limit(limit)).mappings()]


def counted_clocks(connection: sa.Connection, tenant: str, since: datetime) -> list[tuple[str, str, str, bool, int]]:
    """(queue, kind, state, breached, count) of the clocks that started since then."""
    late = S.breached_at.is_not(None)
    query = (
        sa.select(S.queue, S.kind, S.state, late, sa.func.count())
        .where(S.tenant == tenant, S.started_at >= since)
        .group_by(S.queue, S.kind, S.state, late)
        .order_by(S.queue, S.kind, S.state)
    )
    return [(row[0], row[1], row[2], bool(row[3]), row[4]) for row in connection.execute(query)]


def due(connection: sa.Connection, now: datetime, *, limit: int = 100) -> list[tuple[str, str]]:
    """(tenant, conversation) in which a clock or a promise has something to tell, the longest due first."""
    found: dict[tuple[str, str], None] = {}
    for columns in (S, P):
        query = (
            sa.select(columns.tenant, columns.conversation)
            .where(columns.next_at <= now)
            .order_by(columns.next_at)
            .limit(limit)
        )
        found |= {(row.tenant, row.conversation): None for row in connection.execute(query)}
    return list(found)


def add_promise(connection: sa.Connection, promise: Promise) -> None:
    connection.execute(sa.insert(tables.promises).values(**asdict(promise)))


def put_promise(connection: sa.Connection, promise: Promise) -> bool:
    """Writes what became of an open promise. False, and nothing written, if somebody has settled it meanwhile."""
    where = (P.tenant == promise.tenant, P.id == promise.id, P.state == Settled.OPEN)
    return connection.execute(sa.update(tables.promises).where(*where).values(**asdict(promise))).rowcount == 1


def find_promise(connection: sa.Connection, tenant: str, promise: str) -> Promise:
    """One promise. Raises NotFound."""
    query = sa.select(tables.promises).where(P.tenant == tenant, P.id == promise)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(f"There is no promise {promise}.")
    return _promise(row)


_OF_CONVERSATION = (
    sa.select(tables.promises)
    .where(P.tenant == sa.bindparam("of_tenant"), P.conversation == sa.bindparam("of_conversation"))
    .order_by(P.seq, P.n)
)
MADE = Statement(_OF_CONVERSATION)
# Of every status that a customer is sent. The state is said aloud: there is an index of these.
OPEN = Statement(_OF_CONVERSATION.where(P.state == sa.literal_column("'open'")))


def promises_of(connection: sa.Connection, tenant: str, conversation: str, *, only_open: bool = False) -> list[Promise]:
    """The promises made in a conversation, in order."""
    statement = OPEN if only_open else MADE
    return [_promise(row) for row in statement.all(connection, of_tenant=tenant, of_conversation=conversation)]


def listed_promises(
    connection: sa.Connection,
    tenant: str,
    *,
    state: Settled = Settled.OPEN,
    before: datetime | None = None,
    by: str | None = None,
    limit: int = 100,
) -> list[Promise]:
    """Promises in a state: those due before a moment, those of one agent. Of open ones the first due at the top."""
    query = sa.select(tables.promises).where(P.tenant == tenant, P.state == state)
    if before is not None:
        query = query.where(P.due_at <= before)
    if by is not None:
        query = query.where(P.by_id == by)
    first = P.due_at if state is Settled.OPEN else P.due_at.desc()
    return [_promise(row) for row in connection.execute(query.order_by(first, P.id).limit(limit)).mappings()]


def forget(connection: sa.Connection, tenant: str, conversation: str) -> int:
    """Takes the words from the promises of an erased conversation, of which none is open then. Returns their number."""
    where = (P.tenant == tenant, P.conversation == conversation)
    ended = {"state": Settled.CANCELLED, "next_at": None}
    connection.execute(sa.update(tables.promises).where(*where, P.state == Settled.OPEN).values(**ended))
    return connection.execute(sa.update(tables.promises).where(*where).values(text="", reason="erased")).rowcount


def _clock(row: Row) -> StoredClock:
    values: dict[str, Any] = {**row, "kind": ClockKind(row["kind"]), "state": Outcome(row["state"])}
    return StoredClock(**values)


def _promise(row: Row) -> Promise:
    return Promise(**{**row, "state": Settled(row["state"])})
