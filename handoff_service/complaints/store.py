"""All SQL of the register of complaints and of remedies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.complaints.model import Complaint, Remedy, RemedyState
from handoff_service.errors import NotFound
from handoff_service.tickets.store import ORDER

C = tables.complaints.c
R = tables.remedies.c
T = tables.tickets.c
W = tables.ticket_words.c


def add(connection: sa.Connection, complaint: Complaint) -> None:
    """Enters a complaint."""
    values = {name: getattr(complaint, name) for name in Complaint.__dataclass_fields__}
    connection.execute(sa.insert(tables.complaints).values(**values | {"evidence": list(complaint.evidence)}))


def find(connection: sa.Connection, tenant: str, ticket: str) -> Complaint:
    """The complaint of a ticket. Raises NotFound."""
    found = of_tickets(connection, tenant, [ticket]).get(ticket)
    if found is None:
        raise NotFound(f"Ticket {ticket[:64]} is no complaint.", ticket=ticket[:64])
    return found


def of_tickets(connection: sa.Connection, tenant: str, tickets: Sequence[str]) -> dict[str, Complaint]:
    """The complaints among these tickets, by the ticket's id."""
    query = sa.select(tables.complaints).where(C.tenant == tenant, C.ticket.in_(tickets))
    return {row["ticket"]: _complaint(row) for row in connection.execute(query).mappings()}


def _complaint(row: sa.RowMapping) -> Complaint:
    values = {name: row[name] for name in Complaint.__dataclass_fields__}
    return Complaint(**values | {"evidence": tuple(row["evidence"])})


def update(connection: sa.Connection, complaint: Complaint, **values: Any) -> None:
    """Writes parts of a complaint; its ticket's row is locked by the caller."""
    where = (C.tenant == complaint.tenant, C.ticket == complaint.ticket)
    connection.execute(sa.update(tables.complaints).where(*where).values(**values))


def answered(connection: sa.Connection, tenant: str, ticket: str, now: datetime) -> None:
    """Notes when the customer got the first answer to his complaint."""
    where = (C.tenant == tenant, C.ticket == ticket, C.answered_at.is_(None))
    connection.execute(sa.update(tables.complaints).where(*where).values(answered_at=now))


def filed(
    connection: sa.Connection,
    tenant: str,
    *,
    since: datetime,
    until: datetime,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[Complaint]:
    """Complaints of a time, the latest first; `after` is (time, ticket) of the last one that was seen."""
    query = sa.select(tables.complaints).where(C.tenant == tenant, C.filed_at >= since, C.filed_at < until)
    if after is not None:
        moment, ticket = after
        query = query.where(C.filed_at <= moment, sa.or_(C.filed_at < moment, C.ticket < ticket))
    query = query.order_by(C.filed_at.desc(), C.ticket.desc()).limit(limit)
    return [_complaint(row) for row in connection.execute(query).mappings()]


def forget(connection: sa.Connection, tenant: str, ticket: str) -> None:
    """Takes what was said from a complaint and its remedies; category, cause, times and amounts stay."""
    where = (C.tenant == tenant, C.ticket == ticket)
    connection.execute(sa.update(tables.complaints).where(*where).values(wanted="", evidence=[]))
    connection.execute(sa.update(tables.remedies).where(R.tenant == tenant, R.ticket == ticket).values(note=""))


def add_remedy(connection: sa.Connection, remedy: Remedy) -> None:
    values = {name: getattr(remedy, name) for name in Remedy.__dataclass_fields__}
    connection.execute(sa.insert(tables.remedies).values(**values))


def remedies(connection: sa.Connection, tenant: str, tickets: Sequence[str]) -> list[Remedy]:
    """The remedies of these tickets, oldest first."""
    query = sa.select(tables.remedies).where(R.tenant == tenant, R.ticket.in_(tickets)).order_by(R.proposed_at, R.id)
    return [_remedy(row) for row in connection.execute(query).mappings()]


def remedies_before(
    connection: sa.Connection, tenant: str, *, contacts: Sequence[str], since: datetime, words: Sequence[str]
) -> list[Remedy]:
    """The remedies that these contacts were given or offered since then, and those on tickets under one of the words.

    Found are words of subject and fields, and the orders that were noted.
    """
    his = sa.select(T.id).where(T.tenant == tenant, T.contact.in_(contacts))
    known = [*words, *(f"{ORDER}{word}" for word in words)]
    same = sa.select(W.ticket).where(W.tenant == tenant, W.word.in_(known), W.ticket != "")
    lately = sa.func.coalesce(R.decided_at, R.proposed_at) >= since
    either = sa.or_(sa.and_(R.ticket.in_(his), lately), R.ticket.in_(same))
    query = sa.select(tables.remedies).where(R.tenant == tenant, either).order_by(R.proposed_at, R.id)
    return [_remedy(row) for row in connection.execute(query).mappings()]


def find_remedy(connection: sa.Connection, tenant: str, tickets: Sequence[str], remedy: str) -> Remedy:
    """A remedy of one of the tickets. Raises NotFound."""
    query = sa.select(tables.remedies).where(R.tenant == tenant, R.ticket.in_(tickets), R.id == remedy)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(f"There is no remedy {remedy[:64]} on this ticket.", remedy=remedy[:64])
    return _remedy(row)


def _remedy(row: sa.RowMapping) -> Remedy:
    return Remedy(**{name: row[name] for name in Remedy.__dataclass_fields__} | {"state": RemedyState(row["state"])})


def update_remedy(connection: sa.Connection, remedy: Remedy, **values: Any) -> None:
    """Writes parts of a remedy; the ticket's row is locked by the caller."""
    where = (R.tenant == remedy.tenant, R.id == remedy.id)
    connection.execute(sa.update(tables.remedies).where(*where).values(**values))
