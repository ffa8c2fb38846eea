"""What a customer has read on his platform: a cursor of his, as from our own pages, and shown to agents like it."""

from __future__ import annotations

from handoff_service.bell import desk_topic
from handoff_service.channels import contacts, windows
from handoff_service.channels.model import Account, Notice
from handoff_service.channels.who import identity_channel
from handoff_service.conversations import cursors
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import OwnerKind
from handoff_service.database import Transaction


def mark_read(tx: Transaction, account: Account, event: Notice, context: Context) -> None:
    """Notes how far he has read: up to the message that is named, else all that the platform had taken by then."""
    place = _named(tx, account, event.provider_id) if event.provider_id else _latest(tx, account, event, context)
    if place is None:
        return
    conversation, seq = conversations.find(tx.connection, account.tenant, place[0]), place[1]
    reader, device = ("customer", conversation.contact), identity_channel(account)
    cursors.save_cursor(tx.connection, account.tenant, reader, device, conversation.id, acked=seq, read=seq)
    if conversation.owner.kind is OwnerKind.AGENT:
        tx.ring(desk_topic(account.tenant))


def _named(tx: Transaction, account: Account, provider_id: str) -> tuple[str, int] | None:
    return windows.delivery(tx.connection, account.tenant, account.id, provider_id)


def _latest(tx: Transaction, account: Account, event: Notice, context: Context) -> tuple[str, int] | None:
    known = contacts.known_as(tx.connection, account.tenant, identity_channel(account), event.contact)
    if known is None:
        return None
    current = conversations.current(tx.connection, account.tenant, account.channel, known.id)
    if current is None:
        return None
    at = min(event.at or context.now, context.now)
    seq = windows.last_before(tx.connection, account.tenant, account.id, current.id, at)
    return None if seq is None else (current.id, seq)
