"""Giving a handoff to an agent: offer, accept, decline, claim, take over, and what happens when he is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa
import structlog

from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent, Status
from handoff_service.calls import store as calls
from handoff_service.calls.model import Rung, this_wait
from handoff_service.calls.whom import may_claim_offered
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context, change, check_epoch
from handoff_service.conversations.model import (
    SYSTEM,
    Author,
    AuthorKind,
    Conversation,
    Event,
    Owner,
    OwnerKind,
)
from handoff_service.database import Transaction
from handoff_service.errors import AlreadyTaken, Conflict
from handoff_service.failpoints import failpoint
from handoff_service.handoffs import store
from handoff_service.handoffs.colleagues import colleagues_there
from handoff_service.handoffs.model import Handoff
from handoff_service.handoffs.overflow import flow_over
from handoff_service.handoffs.request import new_handoff
from handoff_service.permissions import Permission, require
from handoff_service.tenants import store as tenants
from handoff_service.texts import say

log = structlog.get_logger()

ONLY_SUPERVISORS = "Only a supervisor takes over from another agent."


def as_author(agent: Agent) -> Author:
    return Author(AuthorKind.AGENT, agent.id, agent.name)


def tier_of(connection: sa.Connection, agent: Agent, handoff: Handoff) -> int:
    """The highest tier for which this agent answers: of his own queues, and of the one he has the customer from."""
    settings = tenants.find(connection, agent.tenant).settings
    queues = (settings.queue(name) for name in {*agent.queues, handoff.queue})
    return max((queue.tier for queue in queues if queue), default=1)


def accept(tx: Transaction, handoff_id: str, agent: Agent, context: Context) -> Conversation:
    """Makes the agent the owner: of an offer to him, or of what waits in a queue or mailbox.

    Exactly one of several agents wins. Raises AlreadyTaken with the holder, CapacityFull, or Conflict when nothing
    waits there any more.
    """
    handoff = store.find(tx.connection, agent.tenant, handoff_id)
    conversation = conversations.find(tx.connection, agent.tenant, handoff.conversation, lock=True)
    owner = conversation.owner
    if conversation.handoff != handoff.id:
        raise Conflict("This request has ended; the conversation has a newer one.", conversation=conversation.id)
    if owner.kind is OwnerKind.AGENT and owner.agent == agent.id:
        return conversation
    refuse_taken(tx.connection, handoff.id, agent)
    if owner.kind is OwnerKind.OFFER and owner.agent != agent.id:
        conversation = withdraw(tx, conversation, Event.OFFER_TIMEOUT, context)  # the team was called meanwhile
        event = Event.CLAIM
    elif owner.kind is OwnerKind.OFFER:
        if conversation.deadline_at is not None and context.now >= conversation.deadline_at:
            raise Conflict("The offer has run out.", conversation=conversation.id)
        event = Event.ACCEPT
    elif owner.kind in (OwnerKind.QUEUE, OwnerKind.MAILBOX):
        event = Event.CLAIM
    else:
        raise Conflict("Nobody waits here any more.", conversation=conversation.id, owner={"kind": owner.kind})
    return _give(tx, conversation, handoff, agent, event, context)


def refuse_taken(connection: sa.Connection, handoff_id: str, agent: Agent) -> None:
    """Raises AlreadyTaken with the holder when that is somebody else; who was called may take what is only offered."""
    holder = store.holder(connection, agent.tenant, handoff_id)
    if holder is not None and holder["id"] != agent.id and not _is_called(connection, handoff_id, agent):
        raise AlreadyTaken(
            f"{holder['name']} took this conversation.",
            conversation=holder["conversation"],
            holder={"id": holder["id"], "name": holder["name"]},
        )


def _is_called(connection: sa.Connection, handoff_id: str, agent: Agent) -> bool:
    handoff = store.find(connection, agent.tenant, handoff_id)
    owner = conversations.find(connection, agent.tenant, handoff.conversation).owner
    return owner.kind is OwnerKind.OFFER and may_claim_offered(connection, agent, handoff.id, handoff.queue)


def take_over(
    tx: Transaction, conversation_id: str, agent: Agent, epoch: int, context: Context, *, join: bool = False
) -> Conversation:
    """An agent steps in for the bot, a supervisor also for another agent. Raises Fenced, Forbidden, CapacityFull.

    A supervisor who joins (`join`) takes over too, for only one may speak: but whoever he took it from may take it
    back, without anybody's leave, until it moves on.
    """
    conversation = conversations.find(tx.connection, agent.tenant, conversation_id, lock=True)
    check_epoch(tx.connection, conversation, epoch)
    owner = conversation.owner
    said: dict[str, Any] = {}
    if owner.kind is OwnerKind.AGENT and conversation.handoff is not None:
        if owner.agent == agent.id:
            return conversation
        if not join and joined_from(tx.connection, conversation) == agent.id:
            said["back"] = True
        else:
            require(agent, Permission.CONVERSATIONS_SUPERVISE, ONLY_SUPERVISORS, conversation=conversation.id)
        if join:
            said["former"] = owner.agent
        handoff = store.find(tx.connection, agent.tenant, conversation.handoff)
    elif join:
        raise Conflict("Nobody serves this customer now; take over instead.", conversation=conversation.id)
    else:
        # Nobody asked for a human, but from now on the conversation has a receipt like every other.
        queue = tenants.find(tx.connection, agent.tenant).settings.default_queue.id
        handoff = new_handoff(
            conversation,
            Event.TAKE_OVER,
            priority=0,
            queue=queue,
            evidence={"rule": "take_over"},
            now=context.now,
        )
        store.add(tx.connection, handoff)
    return _give(tx, conversation, handoff, agent, Event.TAKE_OVER, context, **said)


def joined_from(connection: sa.Connection, conversation: Conversation) -> str | None:
    """Whom a supervisor who has joined took the conversation from, if nothing has moved since."""
    last = conversations.last_states(connection, conversation)[:1]
    return last[0].body.get("former") if last else None


def _give(
    tx: Transaction,
    conversation: Conversation,
    handoff: Handoff,
    agent: Agent,
    event: Event,
    context: Context,
    **said: Any,
) -> Conversation:
    conversation, _ = change(
        tx,
        conversation,
        event,
        Owner(OwnerKind.AGENT, agent.id, handoff.queue),
        context=context,
        actor=as_author(agent),
        body={"text": say("joined", conversation.language, agent=agent.name), "name": agent.name, **said},
        handoff=handoff.id,
    )
    store.update(tx.connection, handoff, accepted_at=handoff.accepted_at or context.now, accepted_by=agent.id)
    return conversation


def offer(tx: Transaction, handoff: Handoff, agent: Agent, context: Context) -> Conversation:
    """Offers a waiting handoff to an agent until the deadline. Raises IllegalTransition when it no longer waits."""
    conversation = conversations.find(tx.connection, handoff.tenant, handoff.conversation, lock=True)
    conversation, _ = change(
        tx,
        conversation,
        Event.OFFER,
        Owner(OwnerKind.OFFER, agent.id, handoff.queue),
        context=context,
        body={"name": agent.name},
    )
    store.update(tx.connection, handoff, offered_at=context.now, offered_to=agent.id)
    failpoint("offer_before_commit")
    return conversation


def withdraw(
    tx: Transaction, conversation: Conversation, event: Event, context: Context, *, actor: Author = SYSTEM
) -> Conversation:
    """Takes an offer back to its old place: declined, run out, or the agent was lost."""
    asked = conversation.owner.agent
    if conversation.handoff and asked:
        handoff = store.find(tx.connection, conversation.tenant, conversation.handoff)
        store.update(tx.connection, handoff, declined=sorted({*handoff.declined, asked}))
    to = Owner(OwnerKind.QUEUE, queue=conversation.owner.queue)
    conversation, _ = change(tx, conversation, event, to, context=context, actor=actor)
    return conversation


def take_back(
    tx: Transaction, conversation: Conversation, event: Event, context: Context, *, actor: Author = SYSTEM
) -> Conversation:
    """The same for an offer that led to nothing; he goes on if his time in this queue is over by now.

    Otherwise offer after offer would keep him where he is; for the same reason he is looked at in the next sweep. Who
    lets offers pass is away in the end.
    """
    offered, asked = conversation, conversation.owner.agent
    conversation = withdraw(tx, conversation, event, context, actor=actor)
    if event is Event.OFFER_TIMEOUT and asked is not None and _was_shown(tx.connection, offered):
        _missed(tx, offered, asked, context)
    moved = flow_over(tx, conversation, context)
    if moved is None:
        conversations.update(tx.connection, conversation, deadline_at=context.now)
        return replace(conversation, deadline_at=context.now)
    return moved


def _was_shown(connection: sa.Connection, offered: Conversation) -> bool:
    """Whether a desk has shown this offer: of what nobody could see nobody has let anything pass."""
    made = this_wait(calls.of_handoff(connection, offered.tenant, str(offered.handoff)))
    last = next((one for one in reversed(made) if one.rung is Rung.AGENT), None)
    return last is not None and last.agent == offered.owner.agent and last.shown_at is not None


def _missed(tx: Transaction, conversation: Conversation, agent: str, context: Context) -> None:
    """Sets an agent to away, with a reason, who let as many offers pass, one after the other, as his queue allows.

    Never the last one who is there for any of his queues: away he would be of no use to those who wait.
    """
    settings = tenants.find(tx.connection, conversation.tenant).settings
    queue = settings.queue(conversation.owner.queue or "")
    row = agents.miss(tx.connection, conversation.tenant, agent)
    if queue is None or not queue.missed_away or row < queue.missed_away:
        return
    found = agents.find(tx.connection, conversation.tenant, agent)
    others = {name for one in colleagues_there(tx.connection, conversation, context) for name in one.queues}
    if found.status is Status.ONLINE and {*found.queues, queue.id} <= others:
        reason = say("missed_offers", settings.languages[0], count=str(row))
        agents.set_status(tx.connection, conversation.tenant, agent, Status.AWAY, reason=reason)
        log.info("away after missed offers", agent=agent, offers=row)


def decline(tx: Transaction, handoff_id: str, agent: Agent, context: Context) -> Conversation:
    """The agent refuses what was offered to him. Raises Conflict when it is not offered to him."""
    handoff = store.find(tx.connection, agent.tenant, handoff_id)
    conversation = conversations.find(tx.connection, agent.tenant, handoff.conversation, lock=True)
    if conversation.owner.kind is not OwnerKind.OFFER or conversation.owner.agent != agent.id:
        raise Conflict("This is not offered to you any more.", conversation=conversation.id)
    declined = take_back(tx, conversation, Event.DECLINE, context, actor=as_author(agent))
    agents.answered(tx.connection, agent.tenant, agent.id)
    return declined


def requeue_lost(tx: Transaction, conversation: Conversation, context: Context) -> Conversation:
    """Puts the conversation of an agent who is gone at the front of its queue and tells the customer once."""
    return requeue(tx, conversation, context, event=Event.AGENT_LOST, text=say("agent_lost", conversation.language))


def requeue(
    tx: Transaction, conversation: Conversation, context: Context, *, event: Event, text: str, actor: Author = SYSTEM
) -> Conversation:
    """Puts what an agent had at the front of its queue: the customer has waited before, and it is not his doing."""
    assert conversation.handoff is not None, "an agent owns only what has a handoff"
    handoff = store.find(tx.connection, conversation.tenant, conversation.handoff)
    first = store.front_rank(tx.connection, conversation.tenant, handoff.queue)
    front = handoff.rank if first is None else min(handoff.rank, first - 1)
    store.update(tx.connection, handoff, rank=front, queued_at=handoff.queued_at or context.now)
    conversation, _ = change(
        tx,
        conversation,
        event,
        Owner(OwnerKind.QUEUE, queue=handoff.queue),
        context=context,
        actor=actor,
        body={"text": text},
    )
    return conversation
