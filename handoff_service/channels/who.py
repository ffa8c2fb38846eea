"""Who is behind an event: the contact that an account knows by an id, and for whom a message counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from handoff_service.channels import contacts
from handoff_service.channels.model import Account, Inbound
from handoff_service.channels.web_widget import CHANNEL as WEB
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.receive import Sender
from handoff_service.database import Transaction
from handoff_service.errors import Invalid, NotFound
from handoff_service.tenants import store as tenants

PROOF_LASTS = timedelta(days=31)  # the day it was given counts in full


def identity_channel(account: Account) -> str:
    """Where the identities of an account's contacts are: the same id on another account is somebody else."""
    return f"{account.channel}:{account.id}"


def in_his_name(tx: Transaction, account: Account, event: Inbound, context: Context) -> Inbound:
    """A message that proves to answer one of our conversations belongs to its customer, whoever sent it.

    Replies go on to the customer's own address: who was shown a mail must not draw the next ones to himself. A proof
    lasts PROOF_LASTS from when we gave it out; mails are forwarded and mailboxes change hands.
    """
    if not event.answers or event.proven_at is None or context.now - event.proven_at > PROOF_LASTS:
        return event
    try:
        conversation = conversations.find(tx.connection, account.tenant, event.answers)
    except NotFound:
        return event
    known = contacts.external_id(tx.connection, account.tenant, identity_channel(account), conversation.contact)
    if conversation.account != account.id or known is None or known == event.contact:
        return event
    text = f"[{event.contact}] {event.body.get('text', '')}".strip()
    return replace(event, contact=known, name="", body={**event.body, "text": text} if event.body else {})


def by_one_name(tx: Transaction, account: Account, event: Inbound, context: Context) -> Inbound:
    """Whoever the platform calls by several ids is one contact, whichever of them it tells this time.

    The first id is his own. Another one may have been somebody else's before, as numbers are: whoever is known by it
    and by an id that is not told now is that other person, and is not written to by it any more.
    """
    if not event.aliases:
        return event
    channel, ids = identity_channel(account), [event.contact, *event.aliases]
    found = {one: contacts.known_as(tx.connection, account.tenant, channel, one) for one in ids}
    strangers = {
        one.id
        for one in found.values()
        if one is not None and not contacts.ids_on(tx.connection, account.tenant, channel, one.id) <= set(ids)
    }
    known = found[event.contact] or next((one for one in found.values() if one and one.id not in strangers), None)
    contact = sender_of(tx, account, event, context).contact if known is None else known.id
    for one in ids:
        holder = contacts.known_as(tx.connection, account.tenant, channel, one)
        if holder is None:
            contacts.identify(tx.connection, account.tenant, channel, one, contact, verified=False)
        elif holder.id != contact and holder.id in strangers:
            contacts.pass_on(tx.connection, account.tenant, channel, one, contact)
    # Deliveries ask for his id in the same way.
    return replace(
        event, contact=contacts.external_id(tx.connection, account.tenant, channel, contact) or event.contact
    )


def sender_of(tx: Transaction, account: Account, event: Inbound, context: Context) -> Sender:
    """The contact behind the event; a new one at his first event. His name is the one he had last."""
    connection, channel = tx.connection, identity_channel(account)
    known = contacts.known_as(connection, account.tenant, channel, event.contact)
    if known is None:
        language = event.language or tenants.find(connection, account.tenant).settings.languages[0]
        known = contacts.add(connection, account.tenant, name=event.name or None, language=language, now=context.now)
        contacts.identify(connection, account.tenant, channel, event.contact, known.id, verified=False)
    elif event.name and event.name != known.name:
        contacts.rename(connection, account.tenant, known.id, event.name)
    if event.user:
        same_user(connection, account.tenant, event.user, known.id)
    return Sender(
        account.tenant,
        account.channel,
        known.id,
        event.name or known.name,
        event.language or known.language or "zh",
        account=account.id,
    )


def same_user(connection: sa.Connection, tenant: str, user: str, contact: str) -> None:
    """The tenant vouches for who the contact is; whoever has signed in on his site as the same is one with him.

    Raises Invalid for a contact, or one that is the same person, who has signed in as another user.
    """
    before = contacts.known_as(connection, tenant, WEB, user)
    person = contacts.same_person(connection, tenant, contact)
    if before is not None and before.id in person:
        contacts.vouch(connection, tenant, contact, user)
        return
    if any(contacts.external_id(connection, tenant, WEB, one) for one in person):
        raise Invalid(f"Contact {contact} is another user already and cannot be {user[:64]}; part them first.")
    if before is None:
        contacts.identify(connection, tenant, WEB, user, contact, verified=True)
    else:
        contacts.join(connection, tenant, before.id, contact)
        contacts.vouch(connection, tenant, contact, user)
