"""A public mention becomes a conversation that everybody who works with it sees to be public.

The bot is never asked: whatever it knows of a customer would be said before the whole world. People find the mention
in their queue. Only what an agent writes there may leave, and only through a channel that can speak in public; else
he is told where to answer by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from handoff_service.channels import contacts
from handoff_service.channels import store as inbox
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import (
    Event,
    OwnerKind,
    body_hash,
)
from handoff_service.conversations.receive import Sender, receive_unasked
from handoff_service.database import Transaction
from handoff_service.errors import Mismatch
from handoff_service.handoffs.request import request_handoff
from handoff_service.public_mentions.by_hand import note
from handoff_service.public_mentions.model import CHANNEL, PublicMention
from handoff_service.texts import say

INBOX = CHANNEL  # the place in the inbox of mentions from everywhere


def identity_channel(account: str | None) -> str:
    """Where the identities of authors are: those to whom an account can answer are apart."""
    return f"{CHANNEL}:{account}" if account else CHANNEL


def take(
    tx: Transaction, tenant: str, mention: PublicMention, context: Context, *, account: str | None = None
) -> tuple[str, int] | None:
    """Stores a mention once, and puts its conversation where people find it. None when it was there before.

    `account` is one that can answer in public. Raises Mismatch when the platform's id came before with other words,
    and NotFound for an unknown tenant.
    """
    connection = tx.connection
    digest = body_hash("mention", mention.by, {"text": mention.text})
    before = inbox.received(connection, tenant, INBOX, mention.key)
    if before is not None:
        if before.body_hash not in ("", digest):  # empty: it was erased
            raise Mismatch(f"{mention.key} came before with other words; the first ones are kept.")
        return None
    inbox.put_in(connection, tenant, INBOX, mention.key, body_hash=digest, now=context.now)
    sender = _author(connection, tenant, mention, account, context)
    body: Mapping[str, Any] = {"text": mention.text, "kind": "mention", "mention": mention.as_json()}
    conversation, entry = receive_unasked(tx, sender, body, client_id=mention.key, context=context)
    inbox.place(connection, tenant, INBOX, mention.key, conversation=conversation.id, seq=entry.seq)
    language = conversation.language
    how = say("public_is_sent", language) if conversation.account else say("public_by_hand", language, url=mention.url)
    told = say("public_mention", language, platform=mention.platform, how=how)
    conversation = note(tx, conversation, told, context.now)
    if conversation.owner.kind is OwnerKind.BOT:
        known = {"public": mention.platform, "link": mention.url, "rating": mention.rating}
        evidence = {name: value for name, value in known.items() if value is not None}
        request_handoff(tx, conversation, Event.POLICY, evidence=evidence, context=context)
    return entry.conversation, entry.seq


def _author(
    connection: sa.Connection, tenant: str, mention: PublicMention, account: str | None, context: Context
) -> Sender:
    channel, name, language = identity_channel(account), contacts.shown(mention.author_name), mention.language
    known = contacts.known_as(connection, tenant, channel, mention.by)
    if known is None:
        known = contacts.add(connection, tenant, name=name or None, language=language, now=context.now)
        contacts.identify(connection, tenant, channel, mention.by, known.id, verified=False)
    elif name and name != known.name:
        contacts.rename(connection, tenant, known.id, name)
    return Sender(tenant, CHANNEL, known.id, name or known.name, language, account=account)
