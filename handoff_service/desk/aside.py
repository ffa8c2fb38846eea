"""Putting a conversation aside until a time: it stays with its agent, out of the way, and comes back by itself.

Anything that happens in it brings it back at once, so nobody waits for an agent who does not see that he wrote.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from handoff_service.bell import desk_topic
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import SYSTEM, Audience, Conversation, Draft, Kind
from handoff_service.database import Transaction
from handoff_service.desk import store
from handoff_service.errors import Conflict, Invalid
from handoff_service.handoffs import silence
from handoff_service.texts import say

LONGEST = timedelta(days=30)


def put_aside(tx: Transaction, conversation: Conversation, until: datetime, context: Context) -> None:
    """Puts the agent's own conversation aside. Raises Invalid for a time that is past or too far ahead, and Conflict
    while the customer waits for an answer."""
    if not context.now < until <= context.now + LONGEST:
        raise Invalid(f"until must be in the future, and at most {LONGEST.days} days ahead.")
    if conversations.unanswered(tx.connection, conversation):
        raise Conflict(
            "The customer waits for an answer; reply before putting this aside.", conversation=conversation.id
        )
    store.put_aside(tx.connection, conversation, until=until)
    conversations.update(
        tx.connection, conversation, deadline_at=_next_look(tx.connection, conversation, until, context)
    )
    tx.ring(desk_topic(conversation.tenant))


def bring_back(tx: Transaction, conversation: Conversation) -> None:
    """The agent takes it up again before the time."""
    if store.wake(tx.connection, conversation):
        tx.ring(desk_topic(conversation.tenant))


def at_deadline(tx: Transaction, conversation: Conversation, context: Context) -> bool:
    """Looks after a conversation whose deadline has passed; False if it is not put aside, and so is the sweeper's."""
    until = aside_until(tx.connection, conversation)
    if until is None:
        return False
    if until > context.now:
        next_look = _next_look(tx.connection, conversation, until, context)
        conversations.update(tx.connection, conversation, deadline_at=next_look)
        return True
    body = {"text": say("back_from_aside", conversation.language), "kind": "notice"}
    draft = Draft(kind=Kind.MESSAGE, author=SYSTEM, audience=Audience.INTERNAL, body=body)
    conversation, _ = conversations.append(tx, conversation, draft, context.now)
    store.wake(tx.connection, conversation)
    conversations.update(
        tx.connection, conversation, deadline_at=silence.look_again(tx.connection, conversation, context)
    )
    return True


def aside_until(connection: sa.Connection, conversation: Conversation) -> datetime | None:
    """Until when it is put aside, if it is."""
    return store.aside_until(connection, conversation.tenant, [conversation]).get(conversation.id)


def _next_look(connection: sa.Connection, conversation: Conversation, until: datetime, context: Context) -> datetime:
    """Never farther than the deadline of any agent's conversation, or it would be taken for one of a clock ahead; soon
    while he has not spoken, for the customer may write and then waits for his first words."""
    return min(until, silence.look_again(connection, conversation, context))
