"""Where a customer is told about his ticket: on the channel that he prefers, if something can reach him there.

A person may be several contacts. Whose ticket it is decides by his own preference, so that nobody who was merged with
him by mistake can draw what he is told to himself.
"""

from __future__ import annotations

from handoff_service.channels import contacts, windows
from handoff_service.channels import store as accounts
from handoff_service.channels.registry import CHANNELS
from handoff_service.channels.sealing import Seal
from handoff_service.channels.who import identity_channel
from handoff_service.channels.window import refusal
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation
from handoff_service.database import Transaction
from handoff_service.errors import NotFound, Unavailable
from handoff_service.tickets.model import Ticket
from handoff_service.tickets.tell import place


def preferred_place(tx: Transaction, ticket: Ticket, context: Context) -> Conversation:
    """The conversation, locked, on the preferred channel; where he cannot be reached there, that of `tell.place`.

    Raises what `tell.place` raises.
    """
    if not ticket.conversation:
        return place(tx, ticket)
    first = conversations.find(tx.connection, ticket.tenant, ticket.conversation)
    wanted = contacts.preference(tx.connection, ticket.tenant, first.contact)
    if wanted is None or wanted == first.channel:
        return place(tx, ticket)
    for contact in contacts.same_person(tx.connection, ticket.tenant, first.contact):
        found = conversations.current(tx.connection, ticket.tenant, wanted, contact, lock=True)
        if found is not None and can_be_reached(tx, found, context):
            return found
    return place(tx, ticket)


def can_be_reached(tx: Transaction, conversation: Conversation, context: Context) -> bool:
    """Whether what the gateway says now would arrive: the account works and the platform's window is open."""
    if conversation.account is None:
        return True  # the web chat shows it when he comes
    seal = Seal(context.settings.encryption_key.get_secret_value())
    try:
        account = accounts.find(tx.connection, conversation.tenant, conversation.account, seal)
    except (NotFound, Unavailable):
        return False
    known = contacts.external_id(
        tx.connection, conversation.tenant, identity_channel(account), conversation.contact
    )  # fmt: skip
    if account.disabled or known is None or account.channel not in CHANNELS:
        return False
    standing = windows.find(tx.connection, conversation.tenant, account.id, known, seal)
    if standing is not None and standing.left:
        return False
    rules = CHANNELS[account.channel].abilities.rules
    return refusal(rules, standing.window if standing else None, by_person=False, now=context.now) is None
