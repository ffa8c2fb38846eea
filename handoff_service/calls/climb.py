"""Calling the next one: what the sweeper does for customers whom nobody has noticed."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from handoff_service.agents import store as agents
from handoff_service.agents.lending import with_what_is_left
from handoff_service.agents.model import Agent
from handoff_service.agents.presence import present
from handoff_service.bell import desk_topic
from handoff_service.calls import store
from handoff_service.calls.alarm import sound
from handoff_service.calls.model import Call, Crew, Deed, Rung, Step, next_step
from handoff_service.calls.record import WAITING, look_later, pace_of
from handoff_service.calls.whom import mode_of
from handoff_service.columns import EPOCH
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import CLOCKS_DIFFER, Context
from handoff_service.conversations.model import SYSTEM, Conversation, Draft, Event, Kind, OwnerKind
from handoff_service.database import Transaction
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.assign import take_back
from handoff_service.handoffs.model import HIGHEST_PRIORITY, Handoff
from handoff_service.handoffs.request import promise
from handoff_service.handoffs.routing import store as places
from handoff_service.handoffs.routing.model import MICRO
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant
from handoff_service.texts import say
from handoff_service.webhooks.announce import announce
from handoff_service.webhooks.model import EventType

# Of all ladders that are due, so many steps are taken in one sweep, those that are due the longest first.
MOST_STEPS = 500
NOBODY = Crew(present=False, room=0)


@dataclass(frozen=True)
class Overlooked:
    """A conversation whose ladder is due, and what was seen of its queue."""

    tenant: str
    conversation: str
    due_at: datetime
    crew: Crew
    full_at: datetime | None


@dataclass
class Look:
    """What is due, and the queues (tenant, queue) in which it has to wait because everybody has his hands full."""

    due: list[Overlooked] = field(default_factory=list)
    full: list[tuple[str, str]] = field(default_factory=list)


def crews_of(connection: sa.Connection, tenant: str, queues: Collection[str], context: Context) -> dict[str, Crew]:
    """Who of each of these queues is there now; of those who are lent, what is left over all their clients."""
    connected = agents.connected(connection, tenant, context.now)
    here = [one for one in agents.everyone(connection, tenant) if present(one, connected)]
    room: dict[str, float] = {}
    for one in with_what_is_left(connection, here):
        for queue in one.queues:
            room[queue] = max(room.get(queue, 0), _room(one))
    return {queue: Crew(queue in room, room.get(queue, 0)) for queue in queues}


def _room(agent: Agent) -> float:
    """Units of capacity that he has left; whoever has nothing may take anything, however heavy it is."""
    return math.inf if agent.capacity and not agent.open else max(0, agent.capacity - agent.open)


def overlooked(connection: sa.Connection, context: Context) -> Look:
    """The ladders that are due now. It costs as much as there are queues in use, however many wait in them."""
    look, now = Look(), context.now
    for tenant, in_use in places.queues_in_use(connection).items():
        offered, waits = (
            {queue: store.due(connection, tenant, queue, kind, now) for queue in sorted(in_use)}
            for kind in (OwnerKind.OFFER, OwnerKind.QUEUE)
        )
        due = {queue for queue in in_use if offered[queue] or waits[queue]}
        full_at = store.full_at(connection, tenant, now + CLOCKS_DIFFER) if due else {}
        known = {queue for queue in due if queue in full_at and now - full_at[queue] < _exactly(context)}
        due -= {queue for queue in known if not offered[queue]}
        crews = crews_of(connection, tenant, due, context) if due else {}
        for queue in sorted(due):
            crew, since, found = crews[queue], full_at.get(queue), offered[queue]
            if crew.present and crew.room < 1:
                look.full += [(tenant, queue)] if queue not in known else []
            elif since is None or now >= since + _soonest(context):
                found = found + waits[queue]
            look.due += [Overlooked(tenant, row["id"], row["ladder_at"], crew, since) for row in found]
    look.due = sorted(look.due, key=lambda one: one.due_at)[:MOST_STEPS]
    return look


def _soonest(context: Context) -> timedelta:
    """Nothing of a queue is due so soon after everybody had his hands full."""
    return timedelta(seconds=min(context.settings.notify_s, context.settings.take_s))


def _exactly(context: Context) -> timedelta:
    """How exactly it is to be known until when everybody had his hands full."""
    return _soonest(context) / 4


def note_full(tx: Transaction, queues: Iterable[tuple[str, str]], context: Context) -> None:
    """Lets the time of all who wait in these queues begin anew; all in one transaction."""
    for tenant, queue in queues:
        store.note_full(tx.connection, tenant, queue, context.now)


def _step(
    tenant: Tenant,
    conversation: Conversation,
    calls: list[Call],
    seen: Overlooked,
    context: Context,
    hold_until: datetime,
) -> Step | None:
    queue = conversation.owner.queue
    return next_step(
        calls,
        mode_of(tenant, queue),
        offered=conversation.owner.kind is OwnerKind.OFFER,
        crew=seen.crew,
        pace=pace_of(tenant, queue, context.settings),
        now=context.now,
        weight=tenant.settings.capacity.weight(conversation.channel, live=True),
        full_at=seen.full_at,
        hold_until=hold_until,
    )


def _held_until(tenant: Tenant, handoff: Handoff, queue: str) -> datetime:
    """Until when lighter ones may go before him where the room is too small for him, see `routing/rules.py`."""
    return EPOCH + handoff.rank * MICRO + (handoff.priority + HIGHEST_PRIORITY) * tenant.settings.worth(queue)


def climb(tx: Transaction, seen: Overlooked, context: Context) -> Rung | None:
    """Takes the next step of a conversation's ladder, unless it was accepted or another gateway was faster."""
    conversation = conversations.find(tx.connection, seen.tenant, seen.conversation, lock=True)
    if conversation.owner.kind not in WAITING or conversation.handoff is None:
        return None
    tenant = tenants.find(tx.connection, seen.tenant)
    calls = store.of_handoff(tx.connection, tenant.id, conversation.handoff)
    handoff = handoffs.find(tx.connection, tenant.id, conversation.handoff)
    hold_until = _held_until(tenant, handoff, conversation.owner.queue or "")
    heavy = tenant.settings.capacity.weight(conversation.channel, live=True) > 1
    # Full of lighter ones who came later than the bound is no reason to overlook him.
    full_at = None if heavy and context.now >= hold_until else seen.full_at
    seen = replace(seen, full_at=begun_anew(tx.connection, conversation, full_at, context))
    step = _step(tenant, conversation, calls, seen, context, hold_until)
    if step is not None and step.deed is Deed.TAKE_BACK:
        take_back(tx, conversation, Event.OFFER_TIMEOUT, context)
        return climb(tx, seen, context)  # perhaps that was the last agent before the team
    if step is not None and step.deed is Deed.HOLD and step.of is not None:
        calls = store.hold(tx.connection, tenant.id, conversation.handoff, step.of.n, calls, context.now)
    elif step is not None:
        calls = store.add(tx.connection, tenant.id, conversation.handoff, step.rung, after=calls, now=context.now)
        _ring(tx, conversation, tenant, step.rung, context)
    soon = context.now + _exactly(context)
    look_later(tx.connection, conversation, calls, context.settings, full_at=seen.full_at, not_before=soon)
    return step.rung if step is not None and step.deed is Deed.CALL else None


def begun_anew(
    connection: sa.Connection, conversation: Conversation, full_at: datetime | None, context: Context
) -> datetime | None:
    """When the time of all calls to who waits began anew: everybody had his hands full, or took one who stood before.

    A team that takes one after the other overlooks nobody; who is passed over is called for all the same.
    """
    handoff = handoffs.find(connection, conversation.tenant, str(conversation.handoff))
    pace = pace_of(tenants.find(connection, handoff.tenant), conversation.owner.queue, context.settings)
    moved = handoffs.last_ahead(
        connection,
        handoff.tenant,
        conversation.owner.queue or "",
        handoff.rank,
        since=context.now - max(pace.notify, pace.take, pace.offer),
        until=context.now,
    )
    return max((at for at in (full_at, moved) if at is not None), default=None)


def put_off(tx: Transaction, seen: Overlooked, context: Context) -> None:
    """A ladder that could not be climbed is looked at later: always due, it would hide those behind it."""
    conversation = conversations.find(tx.connection, seen.tenant, seen.conversation, lock=True)
    later = context.now + timedelta(seconds=context.settings.notify_s)
    conversations.update(tx.connection, conversation, ladder_at=later)


def _ring(tx: Transaction, conversation: Conversation, tenant: Tenant, rung: Rung, context: Context) -> None:
    tx.ring(desk_topic(tenant.id))
    if rung is Rung.OUTSIDE:
        body = {"conversation": conversation.id, "handoff": conversation.handoff, "queue": conversation.owner.queue}
        announce(tx, tenant.id, EventType.LADDER_RUNG, {**body, "rung": rung}, context)
        sound(tx, conversation, context)
    if rung is Rung.TICKET:
        _open_ticket(tx, conversation, tenant, context)


def _open_ticket(tx: Transaction, conversation: Conversation, tenant: Tenant, context: Context) -> None:
    """The last rung: a promise with a time. The customer keeps his place beside it."""
    due = promise(tx, conversation, tenant, context, queue=conversation.owner.queue or "")
    body = {"text": say("nobody_took_it", conversation.language, due=due), "kind": "notice"}
    conversations.append(tx, conversation, Draft(kind=Kind.MESSAGE, author=SYSTEM, body=body), context.now)
