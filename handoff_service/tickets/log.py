"""A ticket's log: the one verb through which anything happens to it, and what is kept beside it (links, files).

Every change is a line of the log, written in the transaction that changes the row; `state` and `agent` follow from the
lines by `states.replay`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents.model import Agent
from handoff_service.bell import desk_topic
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.tickets import store
from handoff_service.tickets.looks import look_of
from handoff_service.tickets.model import Deed, Happening, State, Ticket
from handoff_service.tickets.states import ENDED, MOVING, check
from handoff_service.webhooks.announce import announce_at
from handoff_service.webhooks.model import EventType

E = tables.ticket_events.c
L = tables.ticket_links.c
F = tables.ticket_files.c

SYSTEM = "system"
INTERNAL, PUBLIC = "internal", "public"
ERASED = {"erased": True}
# What is left of an erased line: what replaying and counting need.
KEPT = ("from", "to", "agent", "into", "ticket", "kind", "state", "source")


class By(NamedTuple):
    """Who does something, and when."""

    actor: str
    at: datetime


def by_agent(agent: Agent, context: Context) -> By:
    return By(f"agent:{agent.id}", context.now)


def open_log(tx: Transaction, ticket: Ticket, by: By, body: Mapping[str, Any]) -> Ticket:
    """Adds a new ticket with the first line of its log."""
    ticket = replace(ticket, last_n=1, look_at=look_of(tx.connection, ticket, by.at))
    store.insert(tx.connection, ticket)
    opened = {"from": None, "to": ticket.state, "source": ticket.source, "agent": ticket.agent, **body}
    _append(tx, ticket, 1, Deed.OPENED, INTERNAL, opened, by)
    _tell(tx, ticket, Deed.OPENED, by.at)
    return ticket


def record(
    tx: Transaction,
    ticket: Ticket,
    deed: Deed,
    by: By,
    *,
    to: State | None = None,
    audience: str = INTERNAL,
    body: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Ticket:
    """Lets `deed` happen to a locked ticket, with `changes` of its other parts, and returns it as it is then.

    Raises IllegalTransition for what the table of states refuses, Conflict if it was changed since it was read.
    """
    before, line = ticket, ticket.last_n
    if line == 0:  # of an earlier release, or a promise that nobody has touched
        line = 1
        opened = {"from": None, "to": ticket.state, "source": ticket.source, "agent": ticket.agent}
        _append(tx, ticket, line, Deed.OPENED, INTERNAL, opened, By(SYSTEM, ticket.created_at))
    told = dict(body or {})
    if deed in MOVING:
        to = to or ticket.state
        check(ticket.state, deed, to)
        told |= {"from": ticket.state, "to": to}
        changes |= {"state": to, **_ending(ticket, to, by.at)}
    if "agent" in changes:
        told["agent"] = changes["agent"]
    after = replace(ticket, **changes, last_n=line + 1, updated_at=by.at)
    after = replace(after, look_at=look_of(tx.connection, after, by.at))
    store.save(tx.connection, before, after)
    _append(tx, after, line + 1, deed, audience, told, by)
    _tell(tx, after, deed, by.at)
    return after


def _tell(tx: Transaction, ticket: Ticket, deed: Deed, now: datetime) -> None:
    """Desks and integrators; these get ids and kinds only."""
    body = {"ticket": ticket.id, "number": ticket.number, "type": ticket.type, "state": ticket.state, "event": deed}
    announce_at(tx, ticket.tenant, EventType.TICKET, body, now)
    tx.ring(desk_topic(ticket.tenant))


def _ending(ticket: Ticket, to: State, now: datetime) -> dict[str, Any]:
    if to in ENDED:
        return {"ended_at": ticket.ended_at if ticket.state in ENDED else now}
    return {"ended_at": None} if ticket.state in ENDED else {}


def _append(
    tx: Transaction, ticket: Ticket, n: int, deed: Deed, audience: str, body: Mapping[str, Any], by: By
) -> None:
    line = {"n": n, "kind": deed, "actor": by.actor, "audience": audience, "body": dict(body), "at": by.at}
    tx.connection.execute(sa.insert(tables.ticket_events).values(tenant=ticket.tenant, ticket=ticket.id, **line))


def lines(connection: sa.Connection, ticket: Ticket, *, after: int = 0, limit: int = 500) -> list[Happening]:
    """The log after line `after`, oldest first."""
    query = (
        sa.select(tables.ticket_events)
        .where(E.tenant == ticket.tenant, E.ticket == ticket.id, E.n > after)
        .order_by(E.n)
        .limit(limit)
    )
    return [
        Happening(
            n=row["n"],
            kind=Deed(row["kind"]),
            actor=row["actor"],
            audience=row["audience"],
            body=row["body"],
            at=row["at"],
        )
        for row in connection.execute(query).mappings()
    ]


def empty_log(connection: sa.Connection, ticket: Ticket) -> int:
    """Takes the content from the log; every line keeps its place, kind and time. Returns how many these were."""
    count = 0
    for line in lines(connection, ticket, limit=100_000):
        body = {part: line.body[part] for part in KEPT if part in line.body} | ERASED
        actor = "customer" if line.actor.startswith("customer:") else line.actor
        where = (E.tenant == ticket.tenant, E.ticket == ticket.id, E.n == line.n)
        connection.execute(sa.update(tables.ticket_events).where(*where).values(body=body, actor=actor))
        count += 1
    return count


# Conversations beside the one in which it was opened.


def linked(connection: sa.Connection, ticket: Ticket) -> list[str]:
    """Every conversation that belongs to the ticket, the one in which it was opened first."""
    query = sa.select(L.conversation).where(L.tenant == ticket.tenant, L.ticket == ticket.id)
    others = [row.conversation for row in connection.execute(query.order_by(L.at, L.conversation))]
    return [*([ticket.conversation] if ticket.conversation else []), *others]


def link(connection: sa.Connection, ticket: Ticket, conversation: str, now: datetime) -> bool:
    """Adds a conversation; False if it belongs to the ticket already."""
    if conversation in linked(connection, ticket):
        return False
    row = {"tenant": ticket.tenant, "ticket": ticket.id, "conversation": conversation, "at": now}
    connection.execute(sa.insert(tables.ticket_links).values(**row))
    return True


def unlink(connection: sa.Connection, ticket: Ticket, conversation: str) -> bool:
    """Takes away a conversation that was linked later; False if there is none."""
    where = (L.tenant == ticket.tenant, L.ticket == ticket.id, L.conversation == conversation)
    return connection.execute(sa.delete(tables.ticket_links).where(*where)).rowcount == 1


# Files, which belong to the customer's conversation and are only named here.


def add_file(connection: sa.Connection, ticket: Ticket, file: str, *, actor: str, audience: str, now: datetime) -> bool:
    """Names a file; False if it is named already."""
    if file in files(connection, ticket):
        return False
    row = {"tenant": ticket.tenant, "ticket": ticket.id, "file": file, "actor": actor, "audience": audience, "at": now}
    connection.execute(sa.insert(tables.ticket_files).values(**row))
    return True


def files(connection: sa.Connection, ticket: Ticket) -> dict[str, str]:
    """Audience of each file of the ticket, by its id, in the order in which they were added."""
    query = sa.select(F.file, F.audience).where(F.tenant == ticket.tenant, F.ticket == ticket.id)
    return {row.file: row.audience for row in connection.execute(query.order_by(F.at, F.file))}


def drop_files(connection: sa.Connection, ticket: Ticket, only: Sequence[str] | None = None) -> None:
    """Takes files away from the ticket: all, or those named. The files themselves stay where they are."""
    where = [F.tenant == ticket.tenant, F.ticket == ticket.id]
    if only is not None:
        where.append(F.file.in_(only))
    connection.execute(sa.delete(tables.ticket_files).where(*where))
