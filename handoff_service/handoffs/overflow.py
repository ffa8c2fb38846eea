"""Who has waited too long in a queue goes on to another one, or leaves his matter to be answered later."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service.calls import store as calls
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context, change
from handoff_service.conversations.model import Conversation, Event, Owner, OwnerKind
from handoff_service.database import Transaction
from handoff_service.handoffs import store
from handoff_service.handoffs.model import rank
from handoff_service.handoffs.queue import overflow_due
from handoff_service.handoffs.request import promise, somebody_on_duty
from handoff_service.tenants import store as tenants
from handoff_service.tenants.routing import OVERFLOW_ENDS
from handoff_service.texts import say

# In the evidence of a handoff: the queues from which it has flowed over. It never comes back into one of them.
BEEN = "overflowed"


def overflow_at(connection: sa.Connection, conversation: Conversation) -> datetime | None:
    """When the time of a waiting conversation in its queue is over; None if it may stay for ever."""
    queue = tenants.find(connection, conversation.tenant).settings.queue(conversation.owner.queue or "")
    if queue is None or queue.overflow is None or conversation.handoff is None:
        return None
    handoff = store.find(connection, conversation.tenant, conversation.handoff)
    since = calls.queued_at(connection, handoff.tenant, handoff.id) or handoff.queued_at or handoff.requested_at
    return overflow_due(since, queue.overflow, handoff.evidence.get(BEEN, ()))


def flow_over(tx: Transaction, conversation: Conversation, context: Context) -> Conversation | None:
    """Moves a waiting conversation on if its time in this queue is over; None when it stays.

    It stays where nobody of the other queue is on duty. In the other queue it has the place of who asked when it did.
    """
    due = overflow_at(tx.connection, conversation)
    tenant = tenants.find(tx.connection, conversation.tenant)
    queue = tenant.settings.queue(conversation.owner.queue or "")
    if due is None or due > context.now or queue is None or queue.overflow is None:
        return None
    handoff = store.find(tx.connection, conversation.tenant, str(conversation.handoff))
    been, to = [*handoff.evidence.get(BEEN, ())], queue.overflow.to
    if to not in OVERFLOW_ENDS and not somebody_on_duty(tx, conversation.tenant, to, context):
        return None
    language = conversation.language
    values: dict[str, Any] = {"evidence": {**handoff.evidence, BEEN: [*been, queue.id]}}
    if to in OVERFLOW_ENDS:
        promised = promise(tx, conversation, tenant, context, queue=queue.id)
        owner = Owner(OwnerKind.MAILBOX, queue=queue.id)
        by_phone = to == "callback"
        text = (
            say("overflow_callback", language, due=promised)
            if by_phone
            else say("overflow_mailbox", language, due=promised)
        )
    else:
        owner, text = Owner(OwnerKind.QUEUE, queue=to), say("overflow_queue", language)
        place = rank(handoff.since, handoff.priority, tenant.settings.worth(to))
        values |= {"queue": to, "rank": place}
    store.update(tx.connection, handoff, **values)
    body = {"text": text, "from_queue": queue.id, **({"asks": "number"} if to == "callback" else {})}
    conversation, _ = change(tx, conversation, Event.OVERFLOW, owner, context=context, body=body)
    return conversation


def look_in_time(tx: Transaction, conversation: Conversation, context: Context) -> None:
    """Sees to it that a waiting conversation is looked at when its time in the queue is over, if not before."""
    moves_on = overflow_at(tx.connection, conversation)
    if moves_on is not None and context.now < moves_on < (conversation.deadline_at or moves_on):
        conversations.update(tx.connection, conversation, deadline_at=moves_on)
