"""All SQL of reports: reads timelines and handoffs, and keeps what was counted of each day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.columns import EPOCH
from handoff_service.conversations.model import AuthorKind, Kind

C, E, H = tables.conversations.c, tables.entries.c, tables.handoffs.c
D = tables.signal_days.c
Line = Sequence[Any]  # signal, rule, outcome, count
QUARTER = timedelta(minutes=15)  # every time zone is whole quarters away
QUARTER_US = QUARTER // timedelta(microseconds=1)


@dataclass(frozen=True)
class Ended:
    """A handoff: what asked for it (a turn or an entry, None for neither), why, by which rule, and how it has ended."""

    cause: str | None
    reason: str
    rule: str
    outcome: str


def changed(
    connection: sa.Connection, tenant: str, since: datetime, after: tuple[datetime, str] | None, *, limit: int
) -> list[tuple[datetime, str]]:
    """(when, conversation) of those in which something was written since, a page of them behind the last one seen."""
    query = sa.select(C.updated_at, C.id).where(C.tenant == tenant, C.updated_at >= since)
    if after is not None:
        moment, seen = after
        query = query.where(C.updated_at >= moment, sa.or_(C.updated_at > moment, C.id > seen))
    rows = connection.execute(query.order_by(C.updated_at, C.id).limit(limit))
    return [(row.updated_at, row.id) for row in rows]


def judged_entries(
    connection: sa.Connection, tenant: str, conversations: Sequence[str], since: datetime, until: datetime
) -> list[Any]:
    """(kind, conversation, seq, turn, body, at) of what the bot said in these conversations, and of thumbs, then."""
    by_bot = sa.and_(E.kind == Kind.MESSAGE, E.author_kind == AuthorKind.BOT)
    query = (
        sa.select(E.kind, E.conversation, E.seq, E.turn, E.body, E.at)
        .where(E.tenant == tenant, E.conversation.in_(conversations), E.at >= since, E.at < until)
        .where(sa.or_(by_bot, E.kind == Kind.FEEDBACK))
        .order_by(E.conversation, E.seq)
    )
    return list(connection.execute(query))


def first_handoff(connection: sa.Connection, tenant: str, since: datetime) -> datetime | None:
    """When somebody asked for a person for the first time in this time."""
    query = sa.select(sa.func.min(H.requested_at)).where(H.tenant == tenant, H.requested_at >= since)
    first: datetime | None = connection.execute(query).scalar()
    return first


def handoffs_asked(connection: sa.Connection, tenant: str, since: datetime, until: datetime) -> list[Ended]:
    """Those of this time; `outcome` is the wrap-up code, "with an agent", or "waiting"."""
    query = sa.select(H.conversation, H.reason, H.evidence, H.accepted_at, H.closed_at, H.wrap_up).where(
        H.tenant == tenant, H.requested_at >= since, H.requested_at < until
    )
    found = []
    for row in connection.execute(query):
        evidence = row.evidence or {}
        open_state = "with an agent" if row.accepted_at is not None else "waiting"
        outcome = str(row.wrap_up or "closed") if row.closed_at is not None else open_state
        at = evidence.get("asked_at")
        cause = evidence.get("turn") or (None if at is None else entry_key(row.conversation, at))
        found.append(Ended(cause, str(row.reason), str(evidence.get("rule") or row.reason), outcome))
    return found


def entry_key(conversation: str, seq: int) -> str:
    """How an entry is named as the cause of a handoff."""
    return f"{conversation}/{seq}"


def came(
    connection: sa.Connection, tenant: str, queue: str, since: datetime, until: datetime
) -> list[tuple[datetime, int]]:
    """(quarter of an hour, how many asked for a person in it) of a queue, but for those in which nobody came."""
    quarter = (sa.type_coerce(H.requested_at, sa.BigInteger) // QUARTER_US).label("quarter")
    query = (
        sa.select(quarter, sa.func.count())
        .where(H.tenant == tenant, H.queue == queue, H.requested_at >= since, H.requested_at < until)
        .group_by(quarter)
    )
    return [(EPOCH + int(row[0]) * QUARTER, row[1]) for row in connection.execute(query)]


def mean_service_s(
    connection: sa.Connection, tenant: str, queue: str, since: datetime, until: datetime
) -> float | None:
    """How long an agent had a conversation that ended in this time, on average; None when none has."""
    took = sa.type_coerce(H.closed_at, sa.BigInteger) - sa.type_coerce(H.accepted_at, sa.BigInteger)
    ended = (H.tenant == tenant, H.queue == queue, H.closed_at >= since, H.closed_at < until)
    mean = connection.execute(sa.select(sa.func.avg(took)).where(*ended)).scalar()  # who was not accepted is NULL
    return None if mean is None else float(mean) / 1_000_000


def kept_days(connection: sa.Connection, tenant: str, since: date) -> dict[date, tuple[list[Line], datetime]]:
    """By day, what was counted of it, and when."""
    query = sa.select(D.day, D.counts, D.counted_at).where(D.tenant == tenant, D.day >= since.isoformat())
    return {date.fromisoformat(row.day): (row.counts, row.counted_at) for row in connection.execute(query)}


def counted_days(connection: sa.Connection, tenant: str, since: date) -> dict[date, datetime]:
    """By day, when it was counted."""
    query = sa.select(D.day, D.counted_at).where(D.tenant == tenant, D.day >= since.isoformat())
    return {date.fromisoformat(row.day): row.counted_at for row in connection.execute(query)}


def keep_days(connection: sa.Connection, tenant: str, days: Mapping[date, Sequence[Line]], now: datetime) -> None:
    """Replaces what was counted of these days."""
    names = [day.isoformat() for day in days]
    connection.execute(sa.delete(tables.signal_days).where(D.tenant == tenant, D.day.in_(names)))
    rows = [
        {"tenant": tenant, "day": day.isoformat(), "counts": list(lines), "counted_at": now}
        for day, lines in days.items()
    ]
    if rows:
        connection.execute(sa.insert(tables.signal_days), rows)
