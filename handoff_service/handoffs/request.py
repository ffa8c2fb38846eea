"""Asking for a human: from the bot to the queue, or to the mailbox when nobody is on duty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from handoff_service.agents import store as agents
from handoff_service.agents.presence import on_duty
from handoff_service.bell import desk_topic
from handoff_service.calendars.moments import is_open, next_opening, when_open
from handoff_service.channels import contacts
from handoff_service.clock import iso
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context, change
from handoff_service.conversations.model import (
    SYSTEM,
    Author,
    Conversation,
    Draft,
    Event,
    Kind,
    Owner,
    OwnerKind,
)
from handoff_service.database import Transaction
from handoff_service.desk import supervisors
from handoff_service.desk.care import care_for
from handoff_service.errors import StaysWithPeople
from handoff_service.handoffs import store
from handoff_service.handoffs.model import HIGHEST_PRIORITY, KEPT_FROM, Handoff, keeps_place, rank
from handoff_service.handoffs.wait import keep_for_his_agent, welcome
from handoff_service.ids import new_id
from handoff_service.knowledge.teach import teach
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant
from handoff_service.texts import say
from handoff_service.tickets import store as tickets

log = structlog.get_logger()

HOUR = timedelta(hours=1)
PRIORITIES = {
    Event.UNSURE: 2,
    Event.ASKED: 3,
    Event.BOT_FAILED: 4,
    Event.REPLY_TIMEOUT: 4,
    Event.POLICY: 5,
    Event.UNHAPPY: 6,
}


def new_handoff(
    conversation: Conversation,
    reason: Event,
    *,
    priority: int,
    queue: str,
    evidence: Mapping[str, Any],
    now: datetime,
) -> Handoff:
    """A handoff at its first stage."""
    return Handoff(
        tenant=conversation.tenant,
        id=new_id("h"),
        conversation=conversation.id,
        reason=reason,
        priority=priority,
        queue=queue,
        language=conversation.language,
        evidence=evidence,
        rank=rank(now, priority),
        requested_seq=conversation.last_seq + 1,
        requested_at=now,
        queued_at=None,
        offered_at=None,
        offered_to=None,
        accepted_at=None,
        accepted_by=None,
        first_reply_at=None,
        closed_at=None,
        wrap_up=None,
    )


def request_handoff(
    tx: Transaction,
    conversation: Conversation,
    reason: Event,
    *,
    evidence: Mapping[str, Any],
    context: Context,
    priority: int | None = None,
    actor: Author = SYSTEM,
    mailbox: bool = False,
    queue: str | None = None,
) -> Conversation:
    """Puts a conversation that the bot owns where people find it, and tells the customer what happens next.

    `mailbox`: he wants an answer later, whoever is on duty now. Of an unknown `queue` the default one takes care.
    For a blocked contact nobody is asked. Raises IllegalTransition when the bot does not own it.
    """
    if contacts.blocked(tx.connection, conversation.tenant, conversation.contact) is not None:
        return conversation
    now = context.now
    tenant = tenants.find(tx.connection, conversation.tenant)
    if queue is not None and tenant.settings.queue(queue) is None:
        log.warning("an unknown queue was asked for, the default one takes care", tenant=tenant.id, queue=queue[:64])
    queue = (tenant.settings.queue(queue or "") or tenant.settings.default_queue).id
    here = not mailbox and somebody_on_duty(tx, conversation.tenant, queue, context)
    care = care_for(tx.connection, conversation.tenant, conversation.contact)
    usual = PRIORITIES[reason] if priority is None else max(0, priority)
    chosen = min(HIGHEST_PRIORITY, usual + care.classes)
    if here and (since := _place_kept(tx.connection, conversation, queue, now)):
        evidence = {**evidence, KEPT_FROM: iso(since)}
    handoff = new_handoff(conversation, reason, priority=chosen, queue=queue, evidence=evidence, now=now)
    place = rank(handoff.since, chosen, tenant.settings.worth(queue))
    handoff = replace(handoff, rank=place, queued_at=now if here else None)
    store.add(tx.connection, handoff)
    kind = OwnerKind.QUEUE if here else OwnerKind.MAILBOX
    body: dict[str, Any] = {"handoff": handoff.id, "priority": chosen}
    if here:
        channel, language = conversation.channel, conversation.language
        body |= welcome(tx.connection, tenant, queue, chosen, language, context, channel=channel, since=handoff.since)
    else:
        body["text"] = _promised(tx, conversation, tenant, queue, context, left=mailbox)
    conversation, _ = change(
        tx,
        conversation,
        reason,
        Owner(kind, queue=queue),
        context=context,
        actor=actor,
        body=body,
        handoff=handoff.id,
    )
    keep_for_his_agent(tx, conversation, tenant.settings.queue(queue), context, whose=care.agent)
    teach(tx, conversation, conversation.last_seq, context)
    return conversation


def _promised(
    tx: Transaction, conversation: Conversation, tenant: Tenant, queue: str, context: Context, *, left: bool
) -> str:
    """What somebody is told for whom nobody is there, or who has `left` a message: by when he is answered."""
    due = promise(tx, conversation, tenant, context, queue=queue)
    back = people_back(tenant, queue, conversation.language, context)
    if left:
        return say("message_left", conversation.language, due=due)
    if back:
        return say("mailbox_hours", conversation.language, due=due, back=back)
    return say("mailbox", conversation.language, due=due)


def _place_kept(connection: sa.Connection, conversation: Conversation, queue: str, now: datetime) -> datetime | None:
    """Since when his place in the queue counts who has left it a moment ago (F-63); None for anybody else."""
    if conversation.handoff is None:
        return None
    left = store.find(connection, conversation.tenant, conversation.handoff)
    return left.since if keeps_place(left, queue, now) else None


def check_may_return(connection: sa.Connection, conversation: Conversation, context: Context) -> None:
    """Raises StaysWithPeople when a conversation went from the bot to people so often within an hour that it stays.

    Otherwise one that the bot cannot help is passed to and fro (F-75). Asking for a person is never refused.
    """
    if conversation.owner.kind is OwnerKind.BOT:
        return  # it is there; the owner table says what that means
    most = context.settings.handoffs_per_hour
    lately = [
        handoff.requested_at
        for handoff in store.of_conversation(connection, conversation.tenant, conversation.id)
        if handoff.requested_at > context.now - HOUR
    ]
    if len(lately) >= most:
        until = lately[-most] + HOUR
        raise StaysWithPeople(
            f"This conversation went to people {len(lately)} times within an hour; it stays with them for now.",
            until=iso(until),
        )


def somebody_on_duty(tx: Transaction, tenant: str, queue: str, context: Context) -> bool:
    """Whether a customer who waits in the queue waits for somebody: it is open, and an agent of it is there."""
    settings = tenants.find(tx.connection, tenant).settings
    if not is_open(settings.calendar(queue), context.now):
        return False
    return on_duty(
        agents.everyone(tx.connection, tenant),
        agents.connected(tx.connection, tenant, context.now),
        queue,
        now=context.now,
        grace=timedelta(seconds=context.settings.agent_grace_s),
    )


def people_back(tenant: Tenant, queue: str, language: str, context: Context) -> str:
    """When the queue opens again, as the customer reads it; empty while it is open."""
    opening = next_opening(tenant.settings.calendar(queue), context.now)
    return "" if opening is None else as_read(opening, tenant, language)


def promise(
    tx: Transaction,
    conversation: Conversation,
    tenant: Tenant,
    context: Context,
    *,
    queue: str,
    reply_to: str = "",
    within_s: float | None = None,
) -> str:
    """The same as `promised_by`, as the customer reads it."""
    due_at = promised_by(tx, conversation, tenant, context, queue=queue, reply_to=reply_to, within_s=within_s)
    return as_read(due_at, tenant, conversation.language)


def promised_by(
    tx: Transaction,
    conversation: Conversation,
    tenant: Tenant,
    context: Context,
    *,
    queue: str,
    reply_to: str = "",
    within_s: float | None = None,
) -> datetime:
    """Opens a ticket for the conversation, unless it has one, and returns when it is due.

    While the queue is closed the time runs from when it opens; what would be due then is due when people are back.
    """
    calendar = tenant.settings.calendar(queue)
    length = timedelta(seconds=context.settings.message_due_s if within_s is None else within_s)
    named = tenant.settings.queue(queue)
    return tickets.open_ticket(
        tx.connection,
        conversation,
        subject=conversation.preview,
        reply_to=reply_to,
        due_at=when_open(calendar, when_open(calendar, context.now) + length),
        now=context.now,
        tier=named.tier if named else 1,
    )


def own_up(tx: Transaction, conversation: Conversation, context: Context) -> Conversation:
    """A promise that was not kept is owned up to, renewed and put before the others; the supervisors are asked to look.

    The conversation is locked.
    """
    tenant = tenants.find(tx.connection, conversation.tenant)
    if conversation.handoff is not None:
        handoff = store.find(tx.connection, conversation.tenant, conversation.handoff)
        urgent = min(HIGHEST_PRIORITY, handoff.priority + 2)
        place = rank(handoff.since, urgent, tenant.settings.worth(handoff.queue))
        store.update(tx.connection, handoff, priority=urgent, rank=place)
    due = promise(tx, conversation, tenant, context, queue=conversation.owner.queue or "")
    tickets.miss_promise(tx.connection, conversation, context.now)
    body = {"text": say("promise_renewed", conversation.language, due=due), "kind": "notice"}
    draft = Draft(kind=Kind.MESSAGE, author=SYSTEM, body=body)
    conversation, _ = conversations.append(tx, conversation, draft, context.now)
    told = supervisors.to_ask(tx, conversation, "promise_missed", context)
    if told:
        names = supervisors.names_of(told)
        text = say("promise_missed", conversation.language, due=due, names=names)
        conversation = supervisors.ask(tx, conversation, told, "promise_missed", text, context)
    tx.ring(desk_topic(conversation.tenant))
    return conversation


def as_read(moment: datetime, tenant: Tenant, language: str) -> str:
    """A moment as the customer reads it, on the tenant's clock; who writes another language may be in another zone."""
    local = moment.astimezone(tenant.settings.zone)
    if language.partition("-")[0] == "zh":
        return f"{local.month}月{local.day}日 {local:%H:%M}"
    offset = f"{local:%z}"  # such as +0530
    minutes = f":{offset[3:]}" if offset[3:] != "00" else ""
    zone = "UTC" if offset == "+0000" else f"UTC{offset[0]}{int(offset[1:3])}{minutes}"
    return f"{local.day} {local:%B}, {local:%H:%M} ({zone})"
