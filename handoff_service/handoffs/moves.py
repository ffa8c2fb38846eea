"""Where a conversation may be passed to: an agent, a queue or a tier; how often; and the way to the senior tier."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent
from handoff_service.agents.presence import present
from handoff_service.clock import iso
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context, change, check_held
from handoff_service.conversations.model import (
    SYSTEM,
    Author,
    Conversation,
    Draft,
    Entry,
    Event,
    Kind,
    Owner,
    OwnerKind,
)
from handoff_service.database import Transaction
from handoff_service.desk import supervisors
from handoff_service.errors import Conflict, IllegalTransition, Invalid, TooManyTransfers
from handoff_service.handoffs import store
from handoff_service.handoffs.assign import as_author
from handoff_service.handoffs.model import HIGHEST_PRIORITY, rank
from handoff_service.handoffs.request import as_read, promised_by, request_handoff, somebody_on_duty
from handoff_service.permissions import Permission, holds
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import QueueSettings, Tenant
from handoff_service.texts import say

HOUR = timedelta(hours=1)
SENIOR = 2
RAISED = 2  # classes of priority that an escalation is worth


def has_senior(tenant: Tenant) -> bool:
    """Whether there is a queue for whoever asks for a senior colleague."""
    return any(queue.tier >= SENIOR for queue in tenant.settings.queues)


def senior_queue(tenant: Tenant) -> QueueSettings | None:
    """The first queue above the front line."""
    return min((one for one in tenant.settings.queues if one.tier >= SENIOR), key=lambda one: one.tier, default=None)


def queue_for_senior(tx: Transaction, tenant_id: str, context: Context) -> str | None:
    """Where somebody who asks for a senior colleague in words waits: the senior queue, unless nobody of it is on duty
    while the front line is, which can pass him on.
    """
    tenant = tenants.find(tx.connection, tenant_id)
    queue = senior_queue(tenant)
    if queue is None or somebody_on_duty(tx, tenant_id, queue.id, context):
        return None if queue is None else queue.id
    return None if somebody_on_duty(tx, tenant_id, tenant.settings.default_queue.id, context) else queue.id


def passed_on(states: Iterable[Entry], since: datetime) -> list[datetime]:
    """When agents passed the conversation on since this moment, oldest first."""
    moves = (Event.TRANSFER, Event.ESCALATE)
    return sorted(one.at for one in states if one.at > since and one.body.get("event") in moves)


def check_not_a_loop(connection: sa.Connection, conversation: Conversation, context: Context) -> None:
    """Raises TooManyTransfers when it was passed on so often within an hour that it stays where it is.

    Closing it, giving it back and a supervisor's taking over are never refused for this.
    """
    most = context.settings.transfers_per_hour
    lately = passed_on(conversations.last_states(connection, conversation), context.now - HOUR)
    if len(lately) >= most:
        raise TooManyTransfers(
            f"This conversation was passed on {len(lately)} times within an hour; go on with it, or ask a supervisor "
            "to take over.",
            until=iso(lately[-most] + HOUR),
            conversation=conversation.id,
        )


def queue_of_tier(tenant: Tenant, tier: int) -> QueueSettings:
    """The first queue of this tier, else of the next one above. Raises Invalid, which names the tiers there are."""
    able = sorted((queue for queue in tenant.settings.queues if queue.tier >= tier), key=lambda queue: queue.tier)
    if not able:
        there = sorted({queue.tier for queue in tenant.settings.queues})
        raise Invalid(f"No queue has tier {tier} or higher; the queues have {', '.join(map(str, there))}.")
    return able[0]


def destination(
    tx: Transaction,
    agent: Agent,
    conversation: Conversation,
    context: Context,
    *,
    to_agent: str | None,
    to_queue: str | None,
    to_tier: int | None,
) -> Owner:
    """Whom a transfer is for. Raises Invalid for nobody, several, himself, the absent, an unknown queue; NotFound."""
    if sum(each is not None for each in (to_agent, to_queue, to_tier)) != 1:
        raise Invalid("Name exactly one of to_agent, to_queue and to_tier.")
    tenant = tenants.find(tx.connection, agent.tenant)
    if to_agent is not None:
        target = agents.find(tx.connection, agent.tenant, to_agent)
        if target.id == agent.id:
            raise Invalid("You own this conversation already.")
        if target.disabled:
            raise Invalid(f"The account of {target.name} is disabled; choose somebody else or a queue.")
        if not holds(target, Permission.CONVERSATIONS_ANSWER):
            raise Invalid(f"{target.name} does not answer customers; choose somebody else or a queue.")
        if not present(target, agents.connected(tx.connection, agent.tenant, context.now)):
            raise Invalid(f"{target.name} is not available; choose somebody else or a queue.")
        return Owner(OwnerKind.AGENT, target.id, conversation.owner.queue)
    if to_tier is not None:
        return Owner(OwnerKind.QUEUE, queue=queue_of_tier(tenant, to_tier).id)
    if tenant.settings.queue(str(to_queue)) is None:
        there = ", ".join(queue.id for queue in tenant.settings.queues)
        raise Invalid(f"There is no queue {to_queue}; there are {there}.")
    return Owner(OwnerKind.QUEUE, queue=to_queue)


def into_queue(tx: Transaction, conversation: Conversation, queue: str, context: Context, *, raised: int = 0) -> int:
    """Puts the handoff of a conversation where its age and priority belong in a queue. Returns the priority."""
    assert conversation.handoff is not None, "people have only what has a handoff"
    handoff = store.find(tx.connection, conversation.tenant, conversation.handoff)
    priority = min(HIGHEST_PRIORITY, handoff.priority + raised)
    worth = tenants.find(tx.connection, conversation.tenant).settings.worth(queue)
    store.update(
        tx.connection,
        handoff,
        queue=queue,
        priority=priority,
        rank=rank(handoff.since, priority, worth),
        queued_at=handoff.queued_at or context.now,
    )
    return priority


def escalate(
    tx: Transaction,
    conversation_id: str,
    agent: Agent,
    epoch: int,
    context: Context,
    *,
    reason: str,
    tier: int = SENIOR,
    note: str = "",
) -> Conversation:
    """The owner passes a conversation to a higher tier, and the customer is told by when he has an answer.

    Raises Fenced, Invalid when there is no such tier, TooManyTransfers, Conflict when it is there already.
    """
    conversation = conversations.find(tx.connection, agent.tenant, conversation_id, lock=True)
    check_held(tx.connection, conversation, agent.id, epoch)
    check_not_a_loop(tx.connection, conversation, context)
    tenant = tenants.find(tx.connection, agent.tenant)
    queue = queue_of_tier(tenant, tier)
    present_queue = tenant.settings.queue(conversation.owner.queue or "")
    if present_queue is not None and present_queue.tier >= tier:
        raise Conflict(f"This conversation is in {present_queue.name} already.", conversation=conversation.id)
    said = {"reason": reason, **({"note": note} if note else {})}
    return _raise(tx, conversation, tenant, queue, as_author(agent), context, **said)


def escalate_for_customer(
    tx: Transaction, conversation: Conversation, actor: Author, context: Context, *, reason: str = ""
) -> Conversation:
    """The customer asks for the senior tier: he is queued there, or promised an answer of theirs by a named time.

    Whoever serves him goes on when no senior colleague is on duty. Raises IllegalTransition for what is closed.
    """
    if conversation.owner.kind is OwnerKind.CLOSED:
        raise IllegalTransition("This conversation is closed; write again to reopen it.", owner=conversation.owner.kind)
    tenant = tenants.find(tx.connection, conversation.tenant)
    senior = senior_queue(tenant)
    queue = senior or tenant.settings.default_queue
    if conversation.owner.kind is OwnerKind.BOT:
        evidence = {"rule": "pressed: senior colleague", **({"reason": reason} if reason else {})}
        moved = request_handoff(
            tx, conversation, Event.ASKED, evidence=evidence, context=context, actor=actor, queue=queue.id, priority=5
        )
        if moved.owner.kind is OwnerKind.BOT:
            return moved  # he is blocked: nobody is asked, and nothing promised
        return _promise_beside(tx, moved, tenant, queue.id, context)
    if not senior or conversation.owner.queue == queue.id:  # nobody to pass him to, or he is there: he is told by when
        return _promise_beside(tx, conversation, tenant, queue.id, context, reason=reason)
    if conversation.owner.kind is OwnerKind.AGENT and not somebody_on_duty(tx, conversation.tenant, queue.id, context):
        return _promise_beside(tx, conversation, tenant, queue.id, context, reason=reason)
    return _raise(tx, conversation, tenant, queue, actor, context, **({"reason": reason} if reason else {}))


def _raise(
    tx: Transaction,
    conversation: Conversation,
    tenant: Tenant,
    queue: QueueSettings,
    actor: Author,
    context: Context,
    **said: str,
) -> Conversation:
    due_at = promised_by(tx, conversation, tenant, context, queue=queue.id, within_s=context.settings.escalate_due_s)
    due, language = as_read(due_at, tenant, conversation.language), conversation.language
    body: dict[str, Any] = {"text": say("escalated", language, due=due), **said}
    body["priority"] = into_queue(tx, conversation, queue.id, context, raised=RAISED)
    waits = conversation.owner.kind is OwnerKind.AGENT or somebody_on_duty(tx, tenant.id, queue.id, context)
    to = Owner(OwnerKind.QUEUE if waits else OwnerKind.MAILBOX, queue=queue.id)
    moved, _ = change(tx, conversation, Event.ESCALATE, to, context=context, actor=actor, body=body)
    _look_by(tx, moved, due_at)
    return _ask_supervisors(tx, moved, tenant, queue.id, context)


def _supervisors(
    tx: Transaction, conversation: Conversation, tenant: Tenant, queue: str, kind: str, context: Context
) -> list[Agent]:
    """Who is asked to look while nobody of the senior tier is on duty, so that the promise has somebody."""
    if has_senior(tenant) and somebody_on_duty(tx, tenant.id, queue, context):
        return []
    return supervisors.to_ask(tx, conversation, kind, context) or []


def _ask_supervisors(
    tx: Transaction, conversation: Conversation, tenant: Tenant, queue: str, context: Context
) -> Conversation:
    told = _supervisors(tx, conversation, tenant, queue, "senior", context)
    if not told:
        return conversation
    text = say("senior_missing", conversation.language, names=supervisors.names_of(told))
    return supervisors.ask(tx, conversation, told, "senior", text, context)


def _look_by(tx: Transaction, conversation: Conversation, due_at: datetime) -> None:
    """In the mailbox the deadline is what was promised, which is sooner than the usual one."""
    if conversation.owner.kind is OwnerKind.MAILBOX:
        conversations.update(tx.connection, conversation, deadline_at=due_at)


def _promise_beside(
    tx: Transaction,
    conversation: Conversation,
    tenant: Tenant,
    queue: str,
    context: Context,
    *,
    reason: str = "",
) -> Conversation:
    """Promises an answer of the senior tier without moving the conversation; its agent is told why."""
    due_at = promised_by(tx, conversation, tenant, context, queue=queue, within_s=context.settings.escalate_due_s)
    due = as_read(due_at, tenant, conversation.language)
    _look_by(tx, conversation, due_at)
    owner, language = conversation.owner, conversation.language
    if owner.kind is OwnerKind.AGENT and owner.agent:
        name = agents.find(tx.connection, conversation.tenant, owner.agent).name
        text = say("escalated_stays", language, due=due, agent=name)
        if not has_senior(tenant):
            text = say("escalated_lead_stays", language, due=due, agent=name)
        told = {"text": text, "kind": "notice"}
        note = say("wants_senior", language, reason=reason or "–")
        asked = _supervisors(tx, conversation, tenant, queue, "escalation", context)
        conversation = supervisors.ask(tx, conversation, asked, "escalation", note, context)
    else:
        there = has_senior(tenant)
        text = say("escalated", language, due=due) if there else say("escalated_lead", language, due=due)
        told = {"text": text, "kind": "notice"}
        conversation = _ask_supervisors(tx, conversation, tenant, queue, context)
    draft = Draft(kind=Kind.MESSAGE, author=SYSTEM, body=told)
    conversation, _ = conversations.append(tx, conversation, draft, context.now)
    return conversation
