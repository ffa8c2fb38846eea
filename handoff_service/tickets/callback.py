"""A call that a customer has asked for: one ticket of his conversation, moved when he asks again before it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation, OwnerKind
from handoff_service.database import Transaction
from handoff_service.tickets import store
from handoff_service.tickets.log import By, record
from handoff_service.tickets.model import Deed, Source, Ticket
from handoff_service.tickets.open import open_work
from handoff_service.tickets.settings import CALLBACK
from handoff_service.tickets.states import UNFINISHED


def book(
    tx: Transaction,
    conversation: Conversation,
    *,
    subject: str,
    queue: str,
    number: str,
    due_at: datetime,
    context: Context,
) -> Ticket:
    """The ticket of the call, with the customer's last number and time; the conversation is locked by the caller."""
    actor = f"customer:{conversation.contact}"
    before = _booked(tx, conversation)
    if before is None:
        parts: dict[str, Any] = {"type": CALLBACK, "source": Source.CALLBACK, "queue": queue, "due_at": due_at}
        parts |= {"actor": actor, "conversation": conversation, "reply_to": number, "context": context}
        return open_work(tx, conversation.tenant, subject=subject, **parts)
    if conversation.owner.kind is OwnerKind.MAILBOX and conversation.deadline_at == before.due_at:
        conversations.update(tx.connection, conversation, deadline_at=due_at)  # it waits for this call
    changes: dict[str, Any] = {"due_at": due_at, "reply_to": number}
    told = {"changes": {"due_at": due_at.isoformat(), "reply_to": number}}
    return record(tx, before, Deed.CHANGED, By(actor, context.now), body=told, overdue_at=None, **changes)


def _booked(tx: Transaction, conversation: Conversation) -> Ticket | None:
    """The call that is still to be made, locked."""
    listed = store.on_conversation(tx.connection, conversation.tenant, conversation.id, None)
    calls = [one.id for one in listed if one.type == CALLBACK and one.state in UNFINISHED]
    found = store.find(tx.connection, conversation.tenant, calls[-1], None, lock=True) if calls else None
    return found if found is not None and found.state in UNFINISHED else None
