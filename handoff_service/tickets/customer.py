"""Tickets as their customer may see them: what he was promised and told, nothing of what colleagues noted."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from handoff_service.clock import iso
from handoff_service.conversations.model import Conversation
from handoff_service.tickets import log, store
from handoff_service.tickets.model import Deed, Happening, Ticket


def of_conversation(connection: sa.Connection, conversation: Conversation) -> list[dict[str, Any]]:
    """The tickets that were opened in a conversation, oldest first."""
    found = store.on_conversation(connection, conversation.tenant, conversation.id, None)
    return [for_customer(connection, one) for one in found if one.conversation == conversation.id]


def without_conversation(connection: sa.Connection, tenant: str, contact: str) -> list[dict[str, Any]]:
    """A contact's tickets of no conversation: he has called, say."""
    return [
        for_customer(connection, one) for one in store.of_contact(connection, tenant, contact) if not one.conversation
    ]


def for_customer(connection: sa.Connection, ticket: Ticket) -> dict[str, Any]:
    """A ticket with the updates that were meant for him; the subject only where no agent has worded it."""
    shown = {part: getattr(ticket, part) for part in ("number", "type", "subject", "reply_to", "state")}
    lines = log.lines(connection, ticket)
    told = [line for line in lines if line.audience == log.PUBLIC]
    return {
        **shown,
        "subject": "" if any(map(_words_subject, lines)) else ticket.subject,
        "due_at": iso(ticket.due_at),
        "created_at": iso(ticket.created_at),
        "updates": [{"at": iso(line.at), "text": line.body.get("text", "")} for line in told],
    }


def _words_subject(line: Happening) -> bool:
    """Whether the subject is an agent's own words since this line."""
    by_agent = line.actor.startswith("agent:")
    return by_agent and (line.kind is Deed.OPENED or "subject" in (line.body.get("changes") or {}))
