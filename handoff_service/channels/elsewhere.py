"""Somebody of the tenant serves a customer in the platform's own app: nobody here need, until he is given back."""

from __future__ import annotations

from handoff_service.channels import contacts
from handoff_service.channels.model import ELSEWHERE, Account, Notice
from handoff_service.channels.who import identity_channel
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import SYSTEM, Audience, Draft, Kind, OwnerKind
from handoff_service.database import Transaction
from handoff_service.errors import StaysWithPeople
from handoff_service.handoffs.release import served_elsewhere
from handoff_service.texts import say

IN_LINE = (OwnerKind.QUEUE, OwnerKind.OFFER)


def moved(tx: Transaction, account: Account, event: Notice, context: Context) -> tuple[str, int] | None:
    """Who waits for a person of ours leaves the line when a colleague over there has taken him."""
    if not event.hint.get(ELSEWHERE):
        return None
    known = contacts.known_as(tx.connection, account.tenant, identity_channel(account), event.contact)
    current = conversations.current(tx.connection, account.tenant, account.channel, known.id) if known else None
    if current is None:
        return None
    locked = conversations.find(tx.connection, account.tenant, current.id, lock=True)
    if locked.owner.kind not in IN_LINE:
        return None
    try:
        after = served_elsewhere(tx, locked, context)
    except StaysWithPeople:
        return None
    words = say("served_elsewhere", after.language, name=event.hint[ELSEWHERE])
    body = {"text": words, "kind": "elsewhere"}
    draft = Draft(kind=Kind.MESSAGE, author=SYSTEM, audience=Audience.INTERNAL, body=body)
    conversation, entry = conversations.append(tx, after, draft, context.now)
    return conversation.id, entry.seq
