"""A platform's event comes in: one transaction that dedupes by its id and receives what the contact said."""

from __future__ import annotations

from dataclasses import dataclass

from handoff_service import tracing
from handoff_service.channels import contacts, store
from handoff_service.channels.model import Account, Inbound
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import SYSTEM, AuthorKind, Conversation, Draft, Kind, body_hash
from handoff_service.conversations.receive import Sender, receive, receive_unsupported
from handoff_service.database import Transaction
from handoff_service.errors import Mismatch
from handoff_service.tenants import store as tenants
from handoff_service.texts import say

# A customer who sends ten stickers is told once that nobody can see them.
NOTICE_WITHIN = 10


@dataclass(frozen=True)
class Arrived:
    """Where an event is in a timeline; `duplicate` when it was there before."""

    conversation: str
    seq: int
    duplicate: bool


def identity_channel(account: Account) -> str:
    """Where the identities of an account's contacts are: the same id on another account is somebody else."""
    return f"{account.channel}:{account.id}"


def arrive(tx: Transaction, account: Account, event: Inbound, context: Context) -> Arrived:
    """Stores an event once. The same id again is the first one, whatever its timestamp and signature.

    Raises Mismatch when the id came before with other content, and what `receive` raises; nothing is stored then.
    """
    digest = body_hash("event", event.contact, {"body": event.body, "unsupported": event.unsupported})
    before = store.received(tx.connection, account.tenant, account.id, event.event_id)
    if before is not None:
        if before.body_hash not in ("", digest):  # empty: it was erased
            raise Mismatch(f"event_id {event.event_id} came before with other content.", event_id=event.event_id)
        return Arrived(str(before.conversation), before.seq or 0, duplicate=True)
    # First the row, then the work: a copy at the same moment waits here, starts over and finds it.
    store.put_in(tx.connection, account.tenant, account.id, event.event_id, body_hash=digest, now=context.now)
    sender = _sender(tx, account, event, context)
    if event.unsupported is None:
        with tracing.first_span("receive", tracing.origin(sender.tenant, sender.contact, event.event_id)):
            conversation, entry = receive(tx, sender, client_id=event.event_id, body=event.body, context=context)
    else:
        conversation, entry = receive_unsupported(
            tx, sender, event.unsupported, client_id=event.event_id, context=context
        )
        _explain(tx, conversation, entry.seq, context)
    store.place(tx.connection, account.tenant, account.id, event.event_id, conversation=conversation.id, seq=entry.seq)
    store.seen(tx.connection, account, context.now)
    return Arrived(conversation.id, entry.seq, duplicate=False)


def _sender(tx: Transaction, account: Account, event: Inbound, context: Context) -> Sender:
    """The contact behind the event; a new one at his first event. His name is the one he had last."""
    connection, channel = tx.connection, identity_channel(account)
    known = contacts.known_as(connection, account.tenant, channel, event.contact)
    if known is None:
        language = event.language or tenants.find(connection, account.tenant).settings.languages[0]
        known = contacts.add(connection, account.tenant, name=event.name or None, language=language, now=context.now)
        contacts.identify(connection, account.tenant, channel, event.contact, known.id, verified=False)
    elif event.name and event.name != known.name:
        contacts.rename(connection, account.tenant, known.id, event.name)
    return Sender(
        account.tenant,
        account.channel,
        known.id,
        event.name or known.name,
        event.language or known.language or "zh",
        account=account.id,
    )


def _explain(tx: Transaction, conversation: Conversation, seq: int, context: Context) -> None:
    """Asks politely for words, unless that was done just now."""
    recent = conversations.entries_after(tx.connection, conversation.tenant, conversation.id, seq - NOTICE_WITHIN)
    if any(one.author.kind is AuthorKind.SYSTEM and one.body.get("kind") == "unsupported" for one in recent):
        return
    body = {"text": say("unsupported", conversation.language), "kind": "unsupported"}
    conversations.append(tx, conversation, Draft(kind=Kind.MESSAGE, author=SYSTEM, body=body), context.now)
