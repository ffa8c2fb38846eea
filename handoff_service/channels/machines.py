"""Whoever writes faster than a person does may be a machine that answers our answers: the bot stops, people look."""

from __future__ import annotations

from datetime import timedelta

from handoff_service.channels.model import Abilities
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import AuthorKind, Conversation, Event, Kind
from handoff_service.conversations.receive import Sender
from handoff_service.database import Transaction
from handoff_service.handoffs.request import request_handoff

AN_HOUR = timedelta(hours=1)


def seems_machine(tx: Transaction, sender: Sender, abilities: Abilities, context: Context) -> bool:
    """Whether he has written so often within an hour that the bot would be talking to another machine."""
    if abilities.hourly is None:
        return False
    current = conversations.current(tx.connection, sender.tenant, sender.channel, sender.contact)
    if current is None:
        return False
    recent = conversations.entries_after(
        tx.connection, sender.tenant, current.id, current.last_seq - 4 * abilities.hourly
    )
    since = context.now - AN_HOUR
    said = [one for one in recent if one.author.kind is AuthorKind.CUSTOMER and one.at > since]
    # Ten pictures of one mail are one message.
    return len([one for one in said if one.kind is Kind.MESSAGE and "file" not in one.body]) >= abilities.hourly


def let_people_look(tx: Transaction, conversation: Conversation, rule: str, context: Context) -> None:
    """Hands over a conversation of the bot that went silent: it may be a customer in need after all."""
    request_handoff(tx, conversation, Event.POLICY, evidence={"rule": rule}, context=context)
