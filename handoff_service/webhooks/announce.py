"""Telling integrators: what happened is written down in the transaction in which it happens, and sent afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from handoff_service.clock import iso
from handoff_service.database import Transaction
from handoff_service.ids import new_id
from handoff_service.webhooks import store
from handoff_service.webhooks.model import EventType, Message, MessageState

if TYPE_CHECKING:
    from datetime import datetime

    from handoff_service.conversations.change import Context

TOPIC = "webhooks"
# What a body may name as its subject: events about the same one arrive in the order in which they happened.
SUBJECTS = ("conversation", "ticket", "handoff")


def announce(tx: Transaction, tenant: str, event: EventType, body: Mapping[str, Any], context: Context) -> None:
    """Tells every webhook of the tenant that wants to know, once this transaction is committed.

    `body` is JSON: ids, kinds and moments, never words of a customer. It names its subject with one of SUBJECTS.
    """
    announce_at(tx, tenant, event, body, context.now)


def announce_at(tx: Transaction, tenant: str, event: EventType, body: Mapping[str, Any], now: datetime) -> None:
    """The same where there is no context."""
    for webhook in store.listeners(tx.connection, tenant, event):
        tell(tx, tenant, webhook, event, body, now)


def tell(tx: Transaction, tenant: str, webhook: str, event: EventType, body: Mapping[str, Any], now: datetime) -> str:
    """Tells one webhook, whatever it listens to. Returns the id of the message."""
    name = new_id("msg")
    # A test waits for nothing, least of all for one that failed before the receiver was mended.
    about = name if event is EventType.TEST else next((str(body[part]) for part in SUBJECTS if body.get(part)), "")
    message = Message(
        tenant=tenant,
        id=name,
        webhook=webhook,
        subject=about,
        event=event,
        body={"type": event, "timestamp": iso(now), "data": dict(body)},
        state=MessageState.WAITING,
        attempts=0,
        next_at=now,
        lease_until=None,
        error=None,
        created_at=now,
        ended_at=None,
    )
    store.put(tx.connection, message)
    tx.ring(TOPIC)
    return message.id
