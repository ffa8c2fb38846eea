"""All SQL of tickets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.conversations.model import Conversation
from handoff_service.ids import new_id

T = tables.tickets.c


def open_ticket(
    connection: sa.Connection,
    conversation: Conversation,
    *,
    subject: str,
    reply_to: str,
    due_at: datetime,
    now: datetime,
) -> str:
    """The id of the open ticket of a conversation, made if there is none; a given `reply_to` replaces an empty one."""
    where = (T.tenant == conversation.tenant, T.conversation == conversation.id, T.state == "open")
    known = connection.execute(sa.select(T.id).where(*where)).scalar_one_or_none()
    if known is not None:
        if reply_to:
            connection.execute(sa.update(tables.tickets).where(*where).values(reply_to=reply_to))
        return str(known)
    ticket = new_id("t")
    connection.execute(
        sa.insert(tables.tickets).values(
            tenant=conversation.tenant,
            id=ticket,
            conversation=conversation.id,
            subject=subject[:120],
            reply_to=reply_to,
            state="open",
            due_at=due_at,
            created_at=now,
        )
    )
    return ticket


def close_tickets(connection: sa.Connection, conversation: Conversation) -> None:
    """Closes what is open for a conversation that is closed."""
    connection.execute(
        sa.update(tables.tickets)
        .where(T.tenant == conversation.tenant, T.conversation == conversation.id, T.state == "open")
        .values(state="closed")
    )


def listed(connection: sa.Connection, tenant: str, *, limit: int = 100) -> list[Mapping[str, Any]]:
    """Open tickets, the one due first at the top."""
    query = sa.select(tables.tickets).where(T.tenant == tenant, T.state == "open").order_by(T.due_at).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]
