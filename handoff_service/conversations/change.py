"""Changing the owner: the one verb through which a conversation passes from hand to hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from handoff_service import metrics
from handoff_service.agents import lending
from handoff_service.agents import store as agents
from handoff_service.calendars.moments import is_open, next_closing, when_open
from handoff_service.calls.record import note_move
from handoff_service.conversations import lifecycle, store
from handoff_service.conversations.model import SYSTEM, Author, Conversation, Entry, Event, Owner, OwnerKind
from handoff_service.database import Transaction
from handoff_service.errors import Fenced
from handoff_service.failpoints import failpoint
from handoff_service.handoffs.routing.model import is_angry
from handoff_service.handoffs.routing.store import take_place
from handoff_service.promises.follow import follow
from handoff_service.settings import Settings
from handoff_service.tenants import store as tenants
from handoff_service.tickets.store import promised_until
from handoff_service.video.entries import end_at_move

# By how much the clocks of well kept machines may differ; what lies further ahead is an error, not a plan.
CLOCKS_DIFFER = timedelta(minutes=1)
# A queue may give its agents this long to accept, see QueueSettings.accept_s.
LONGEST_OFFER_S = 300.0


@dataclass(frozen=True)
class Context:
    """What every verb needs to know besides its subject: the settings, and the moment at which it happens."""

    settings: Settings
    now: datetime


def next_deadline(kind: OwnerKind, settings: Settings, now: datetime) -> datetime | None:
    """When the sweeper looks at a conversation of this owner kind again; every open one has such a moment."""
    seconds = {
        OwnerKind.BOT: settings.bot_idle_s,
        OwnerKind.QUEUE: settings.queue_check_s,
        OwnerKind.OFFER: settings.offer_s,
        OwnerKind.AGENT: settings.agent_idle_s,
        OwnerKind.MAILBOX: settings.message_due_s,
    }.get(kind)
    return None if seconds is None else now + timedelta(seconds=seconds)


def farthest_deadlines(context: Context) -> dict[OwnerKind, datetime]:
    """No deadline lies further ahead, unless a clock was ahead when it was set; a mailbox goes by the shop's hours."""
    settings = context.settings
    longest = {OwnerKind.BOT: max(settings.bot_idle_s, settings.reply_deadline_s)}
    longest |= {OwnerKind.QUEUE: settings.queue_check_s, OwnerKind.OFFER: max(settings.offer_s, LONGEST_OFFER_S)}
    longest |= {OwnerKind.AGENT: settings.agent_idle_s}
    return {kind: context.now + timedelta(seconds=seconds) + CLOCKS_DIFFER for kind, seconds in longest.items()}


def deadline_of(
    connection: sa.Connection, tenant: str, owner: Owner, context: Context, conversation: str
) -> datetime | None:
    """The same for an owner of this conversation, by the hours of his queue.

    Who waits is looked at when it closes, at the latest. In the mailbox it is the time that the customer was told: his
    ticket has it; without one, it runs from when people are back.
    """
    at = next_deadline(owner.kind, context.settings, context.now)
    if at is None or owner.kind in (OwnerKind.BOT, OwnerKind.CLOSED):
        return at
    settings = tenants.find(connection, tenant).settings
    queue, calendar = settings.queue(owner.queue or ""), settings.calendar(owner.queue)
    if owner.kind is OwnerKind.AGENT:  # has he said anything by then? see handoffs/silence.py
        soon = timedelta(seconds=queue.first_reply_s / 2) if queue else timedelta()
        return min(at, context.now + soon) if soon else at
    if owner.kind is OwnerKind.OFFER:
        return context.now + timedelta(seconds=queue.accept_s) if queue and queue.accept_s else at
    if owner.kind is OwnerKind.MAILBOX:
        promised = promised_until(connection, tenant, conversation)
        if promised is not None and promised > context.now:
            return promised
        return when_open(calendar, at + (when_open(calendar, context.now) - context.now))
    if queue and queue.overflow:
        at = min(at, context.now + timedelta(seconds=queue.overflow.after_s))
    closing = next_closing(calendar, context.now) if is_open(calendar, context.now) else context.now
    return at if closing is None else min(at, closing)


def change(
    tx: Transaction,
    conversation: Conversation,
    event: Event,
    to: Owner,
    *,
    context: Context,
    actor: Author = SYSTEM,
    body: Mapping[str, Any] | None = None,
    handoff: str | None = None,
    new_phase: bool = False,
) -> tuple[Conversation, Entry]:
    """Moves a locked conversation to a new owner, with the agents' capacity counted in the same transaction.

    A call that its agent is in ends before that. Raises IllegalTransition, and nothing has changed then; CapacityFull,
    and then the transaction must not go on.
    """
    lifecycle.check(conversation.owner if conversation.epoch else None, event, to)
    holder = conversation.owner.agent
    if conversation.owner.kind is OwnerKind.AGENT and holder:
        conversation = end_at_move(tx, conversation, context.now)
        agents.free_capacity(tx.connection, conversation.tenant, holder, context.now, load=conversation.load or 1)
    load = 1
    if to.kind is OwnerKind.AGENT and to.agent:
        load, angry = _load(tx.connection, conversation, to.agent), is_angry(conversation.mood)
        lending.take_capacity(tx.connection, conversation.tenant, to.agent, context.now, load=load, angry=angry)
        failpoint("claim_between_updates")
    moved, entry = store.move(
        tx,
        conversation,
        event,
        to,
        now=context.now,
        deadline_at=deadline_of(tx.connection, conversation.tenant, to, context, conversation.id),
        actor=actor,
        body=body,
        handoff=handoff,
        new_phase=new_phase,
        load=None if load == 1 else load,
    )
    if to.kind in store.WAITS and moved.handoff:
        take_place(tx.connection, moved.tenant, moved.id, moved.handoff)
    note_move(tx.connection, conversation, moved, context.settings, context.now)
    follow(tx, moved, entry)
    return moved, entry


def _load(connection: sa.Connection, conversation: Conversation, agent: str) -> int:
    """Units of the agent's capacity that the conversation takes; never more than all of it."""
    weights = tenants.find(connection, conversation.tenant).settings.capacity
    if weights.is_plain():
        return 1
    weight = weights.weight(conversation.channel, live=conversation.owner.kind is not OwnerKind.MAILBOX)
    return min(weight, max(1, agents.find(connection, conversation.tenant, agent).capacity))


def expect_answer(connection: sa.Connection, conversation: Conversation, context: Context) -> None:
    """Sets the deadline by which the bot must have answered; the sweeper hands over what it has not."""
    store.update(connection, conversation, deadline_at=answer_due(context))


def answer_due(context: Context) -> datetime:
    """By when the bot must have answered what is said now."""
    return context.now + timedelta(seconds=context.settings.reply_deadline_s)


def check_epoch(connection: sa.Connection, conversation: Conversation, epoch: int) -> None:
    """Raises Fenced, with the present owner and epoch, unless `epoch` is the present one."""
    if conversation.epoch != epoch:
        raise _fenced(connection, conversation, "This conversation has moved on; look at what happened first.")


def check_held(connection: sa.Connection, conversation: Conversation, agent: str, epoch: int) -> None:
    """Raises Fenced unless the agent owns the conversation under this epoch."""
    check_epoch(connection, conversation, epoch)
    if conversation.owner.kind is not OwnerKind.AGENT or conversation.owner.agent != agent:
        raise _fenced(connection, conversation, "You do not own this conversation.")


def _fenced(connection: sa.Connection, conversation: Conversation, message: str) -> Fenced:
    metrics.fenced.inc()
    holder = conversation.owner.agent
    agent = {"id": holder, "name": agents.find(connection, conversation.tenant, holder).name} if holder else None
    owner = {"kind": conversation.owner.kind, "agent": agent, "queue": conversation.owner.queue}
    return Fenced(message, conversation=conversation.id, epoch=conversation.epoch, owner=owner)
