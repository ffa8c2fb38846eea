"""All SQL of tickets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.clock import iso
from handoff_service.conversations.model import Conversation
from handoff_service.errors import NotFound
from handoff_service.ids import new_id

T = tables.tickets.c

# A promise to answer a conversation is open until that is closed. Work of its own outlives the conversation.
PROMISED, KEPT = "open", "closed"
FILED, DONE = "filed", "done"


def open_ticket(
    connection: sa.Connection,
    conversation: Conversation,
    *,
    subject: str,
    reply_to: str,
    due_at: datetime,
    now: datetime,
) -> datetime:
    """When the open ticket of a conversation is due: at `due_at` if there was none, or if it was due before now."""
    where = (T.tenant == conversation.tenant, T.conversation == conversation.id, T.state == PROMISED)
    promised: datetime | None = connection.execute(sa.select(T.due_at).where(*where)).scalar_one_or_none()
    if promised is not None:
        due_at = promised if promised > now else due_at
        values = {"due_at": due_at, **({"reply_to": reply_to} if reply_to else {})}
        connection.execute(sa.update(tables.tickets).where(*where).values(**values))
        return due_at
    connection.execute(
        sa.insert(tables.tickets).values(
            tenant=conversation.tenant,
            id=new_id("t"),
            conversation=conversation.id,
            subject=subject[:120],
            reply_to=reply_to,
            state=PROMISED,
            due_at=due_at,
            created_at=now,
        )
    )
    return due_at


def close_tickets(connection: sa.Connection, conversation: Conversation) -> None:
    """Closes what is open for a conversation that is closed."""
    connection.execute(
        sa.update(tables.tickets)
        .where(T.tenant == conversation.tenant, T.conversation == conversation.id, T.state == PROMISED)
        .values(state=KEPT)
    )


def file(
    connection: sa.Connection,
    conversation: Conversation,
    *,
    number: str,
    turn: str,
    type: str,
    subject: str,
    fields: Mapping[str, str],
    due_at: datetime,
    now: datetime,
) -> None:
    """Adds work that outlives the conversation."""
    connection.execute(
        sa.insert(tables.tickets).values(
            tenant=conversation.tenant,
            id=new_id("t"),
            conversation=conversation.id,
            subject=subject,
            reply_to="",
            state=FILED,
            due_at=due_at,
            created_at=now,
            number=number,
            type=type,
            fields=dict(fields),
            turn=turn,
        )
    )


def of_turn(connection: sa.Connection, tenant: str, turn: str) -> str | None:
    """The number of the ticket that a turn has filed."""
    query = sa.select(T.number).where(T.tenant == tenant, T.turn == turn)
    number: str | None = connection.execute(query).scalar_one_or_none()
    return number


def is_taken(connection: sa.Connection, tenant: str, number: str) -> bool:
    """Whether another ticket has this number."""
    query = sa.select(T.id).where(T.tenant == tenant, T.number == number)
    return connection.execute(query).first() is not None


def finish(connection: sa.Connection, tenant: str, ticket: str) -> None:
    """Marks filed work as done; once more changes nothing. Raises NotFound for what is none."""
    where = (T.tenant == tenant, T.id == ticket, T.state.in_((FILED, DONE)))
    if connection.execute(sa.update(tables.tickets).where(*where).values(state=DONE)).rowcount == 0:
        raise NotFound(f"There is no filed ticket {ticket}.")


def listed(connection: sa.Connection, tenant: str, *, limit: int = 100) -> list[Mapping[str, Any]]:
    """Tickets with something left to do, the one due first at the top."""
    left = T.state.in_((PROMISED, FILED))
    query = sa.select(tables.tickets).where(T.tenant == tenant, left).order_by(T.due_at, T.id).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]


def of_conversation(connection: sa.Connection, conversation: Conversation) -> list[dict[str, Any]]:
    """What the customer was promised in a conversation, as JSON for him."""
    query = (
        sa.select(T.number, T.type, T.subject, T.reply_to, T.state, T.due_at, T.created_at)
        .where(T.tenant == conversation.tenant, T.conversation == conversation.id)
        .order_by(T.created_at)
    )
    return [
        {**row, "due_at": iso(row["due_at"]), "created_at": iso(row["created_at"])}
        for row in connection.execute(query).mappings()
    ]


def forget(connection: sa.Connection, conversation: Conversation) -> int:
    """Empties the tickets of an erased conversation. Returns how many these were."""
    where = (T.tenant == conversation.tenant, T.conversation == conversation.id)
    empty = {"subject": "", "reply_to": "", "fields": None}
    return connection.execute(sa.update(tables.tickets).where(*where).values(**empty)).rowcount
