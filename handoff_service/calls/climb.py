"""Calling the next one: what the sweeper does for customers whom nobody has noticed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from handoff_service.agents import store as agents
from handoff_service.agents.presence import present
from handoff_service.bell import desk_topic
from handoff_service.calls import store
from handoff_service.calls.alarm import sound
from handoff_service.calls.model import Call, Crew, Deed, Pace, Rung, Step, next_step
from handoff_service.calls.whom import mode_of
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import SYSTEM, Conversation, Draft, Event, Kind, OwnerKind
from handoff_service.database import Transaction
from handoff_service.handoffs.assign import withdraw
from handoff_service.handoffs.request import promise
from handoff_service.handoffs.routing import store as places
from handoff_service.permissions import Permission, holds
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant
from handoff_service.texts import say
from handoff_service.webhooks.announce import announce
from handoff_service.webhooks.model import EventType

# Only the head of a queue is called for: those behind wait for their turn, and cost nothing here.
HEAD = 10
MOST_OFFERED = 2000
NOBODY = Crew(present=False, free=False)
WAITING = (OwnerKind.QUEUE, OwnerKind.OFFER)


def pace_of(tenant: Tenant, queue: str | None, context: Context) -> Pace:
    """How long calls of a queue last."""
    settings, found = context.settings, tenant.settings.queue(queue or "")
    offer_s = found.accept_s if found and found.accept_s is not None else settings.offer_s
    return Pace(*(timedelta(seconds=each) for each in (settings.notify_s, settings.take_s, offer_s)))


def crews_of(connection: sa.Connection, tenant: str, queues: Collection[str], context: Context) -> dict[str, Crew]:
    """Who of each of these queues is there now."""
    connected = agents.connected(connection, tenant, context.now)
    able = [one for one in agents.everyone(connection, tenant) if holds(one, Permission.CONVERSATIONS_ANSWER)]
    here = [one for one in able if present(one, connected)]
    staffed = {queue for one in here for queue in one.queues}
    free = {queue for one in here if one.open < one.capacity for queue in one.queues}
    return {queue: Crew(queue in staffed, queue in free) for queue in queues}


@dataclass(frozen=True)
class Overlooked:
    """A conversation whose ladder has a step to take, and what was seen of it."""

    tenant: str
    conversation: str
    handoff: str
    step: Step
    crew: Crew


def overlooked(connection: sa.Connection, context: Context) -> list[Overlooked]:
    """At the heads of the queues, or offered: those for whom something is to be done now."""
    found = []
    for tenant_id, in_use in places.queues_in_use(connection).items():
        tenant, crews = tenants.find(connection, tenant_id), crews_of(connection, tenant_id, in_use, context)
        heads: list[str] = []
        for queue in sorted(in_use):
            heads += places.first_in(connection, tenant_id, [queue], most=HEAD)
        listed = [
            *conversations.of_handoffs(connection, tenant_id, heads),
            *conversations.listed(connection, tenant_id, [OwnerKind.OFFER], limit=MOST_OFFERED),
        ]
        calls = store.of_handoffs(connection, tenant_id, [one.handoff for one in listed if one.handoff])
        for one in listed:
            crew = crews.get(one.owner.queue or "", NOBODY)
            step = _step(tenant, one, calls.get(one.handoff or "", []), crew, context)
            if step is not None and one.handoff is not None:
                found.append(Overlooked(tenant_id, one.id, one.handoff, step, crew))
    return found


def hold(tx: Transaction, found: Iterable[Overlooked], context: Context) -> None:
    """Lets the time of those begin anew for whom nobody has a hand free; all in one transaction."""
    for one in found:
        if one.step.deed is Deed.HOLD and one.step.of is not None:
            store.hold(tx.connection, one.tenant, one.handoff, one.step.of.n, context.now)


def _step(tenant: Tenant, conversation: Conversation, calls: list[Call], crew: Crew, context: Context) -> Step | None:
    queue = conversation.owner.queue
    return next_step(
        calls,
        mode_of(tenant, queue),
        offered=conversation.owner.kind is OwnerKind.OFFER,
        crew=crew,
        pace=pace_of(tenant, queue, context),
        now=context.now,
    )


def climb(tx: Transaction, found: Overlooked, context: Context) -> Rung | None:
    """Takes the next step of a conversation's ladder, unless it was accepted or another gateway was faster."""
    tenant_id = found.tenant
    conversation = conversations.find(tx.connection, tenant_id, found.conversation, lock=True)
    if conversation.owner.kind not in WAITING or conversation.handoff is None:
        return None
    tenant = tenants.find(tx.connection, tenant_id)
    calls = store.of_handoff(tx.connection, tenant_id, conversation.handoff)
    step = _step(tenant, conversation, calls, found.crew, context)
    if step is None or step.deed is Deed.HOLD:
        return None
    if step.deed is Deed.TAKE_BACK:
        withdraw(tx, conversation, Event.OFFER_TIMEOUT, context)
        return climb(tx, found, context)  # perhaps that was the last agent before the team
    store.add(tx.connection, tenant_id, conversation.handoff, step.rung, now=context.now)
    tx.ring(desk_topic(tenant_id))
    if step.rung is Rung.OUTSIDE:
        body = {"conversation": conversation.id, "handoff": conversation.handoff, "queue": conversation.owner.queue}
        announce(tx, tenant_id, EventType.LADDER_RUNG, {**body, "rung": step.rung}, context)
        sound(tx, conversation, context)
    if step.rung is Rung.TICKET:
        _open_ticket(tx, conversation, tenant, context)
    return step.rung


def _open_ticket(tx: Transaction, conversation: Conversation, tenant: Tenant, context: Context) -> None:
    """The last rung: a promise with a time. The customer keeps his place beside it."""
    due = promise(tx, conversation, tenant, context, queue=conversation.owner.queue or "")
    body = {"text": say("nobody_took_it", conversation.language, due=due), "kind": "notice"}
    conversations.append(tx, conversation, Draft(kind=Kind.MESSAGE, author=SYSTEM, body=body), context.now)
