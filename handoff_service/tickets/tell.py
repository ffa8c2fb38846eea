"""Telling a customer something about his ticket, in his conversation and on its channel."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from handoff_service.conversations import store as conversations
from handoff_service.conversations.model import SYSTEM, Conversation, Draft, Entry, Kind
from handoff_service.database import Transaction
from handoff_service.errors import Conflict
from handoff_service.public_mentions.by_hand import note_unpublished
from handoff_service.tickets.model import Ticket

# The part of a message that keeps it from the agent whom the ticket complains about.
HIDDEN_FROM = "hidden_from"


def place(tx: Transaction, ticket: Ticket) -> Conversation:
    """Where the customer is told, locked: what is open now on the channel of the ticket's conversation, else that one.

    Raises Conflict for a ticket without a conversation, and for a customer who was erased.
    """
    if not ticket.conversation:
        raise Conflict("This ticket has no conversation in which its customer could be told; link one first.")
    first = conversations.find(tx.connection, ticket.tenant, ticket.conversation)
    latest = conversations.current(tx.connection, ticket.tenant, first.channel, first.contact, lock=True)
    if latest is None:
        raise Conflict("This customer was erased; nobody can be told anything any more.", ticket=ticket.id)
    return latest


def tell_customer(tx: Transaction, ticket: Ticket, conversation: Conversation, text: str, now: datetime) -> Entry:
    """Appends a notice for the customer to his locked conversation.

    An agent speaks in a conversation only while he owns it; so it is the gateway that says this.
    """
    body: dict[str, Any] = {"text": text, "kind": "notice", "ticket": ticket.id}
    if ticket.about_agent is not None:
        body[HIDDEN_FROM] = ticket.about_agent
    told, entry = conversations.append(tx, conversation, Draft(kind=Kind.MESSAGE, author=SYSTEM, body=body), now)
    note_unpublished(tx, told, now)
    return entry
