"""Calling the next one: what the sweeper does for customers whom nobody has noticed."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from handoff_service.agents import store as agents
from handoff_service.agents.presence import present
from handoff_service.bell import desk_topic
from handoff_service.calls import store
from handoff_service.calls.model import Call, Crew, Deed, Pace, Rung, Step, next_step
from handoff_service.calls.whom import mode_of
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import SYSTEM, Conversation, Draft, Event, Kind, OwnerKind
from handoff_service.database import Transaction
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.assign import withdraw
from handoff_service.handoffs.request import promise
from handoff_service.handoffs.routing import store as places
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant
from handoff_service.texts import say
from handoff_service.webhooks.announce import announce
from handoff_service.webhooks.model import EventType

# Only the head of a queue is called for: those behind wait for their turn, and cost nothing here.
HEAD = 20
WAITING = (OwnerKind.QUEUE, OwnerKind.OFFER)


def pace_of(tenant: Tenant, queue: str | None, context: Context) -> Pace:
    """How long calls of a queue last."""
    settings, found = context.settings, tenant.settings.queue(queue or "")
    offer_s = found.accept_s if found and found.accept_s is not None else settings.offer_s
    return Pace(*(timedelta(seconds=each) for each in (settings.notify_s, settings.take_s, offer_s)))


def crew_of(connection: sa.Connection, tenant: str, queue: str | None, context: Context) -> Crew:
    """Who of a queue is there now."""
    connected = agents.connected(connection, tenant, context.now)
    here = [one for one in agents.everyone(connection, tenant) if queue in one.queues and present(one, connected)]
    return Crew(bool(here), any(one.open < one.capacity for one in here))


def overlooked(connection: sa.Connection, context: Context) -> list[tuple[str, str]]:
    """(tenant, conversation) at the heads of the queues, or offered, for which something is to be done now."""
    found = []
    for tenant_id, in_use in places.queues_in_use(connection).items():
        tenant = tenants.find(connection, tenant_id)
        for queue in sorted(in_use):
            heads = [one.id for one in handoffs.waiting(connection, tenant_id, queue, limit=HEAD)]
            listed = [
                *conversations.of_handoffs(connection, tenant_id, heads),
                *(
                    one
                    for one in conversations.listed(connection, tenant_id, [OwnerKind.OFFER], limit=500)
                    if one.owner.queue == queue
                ),
            ]
            calls = store.of_handoffs(connection, tenant_id, [one.handoff for one in listed if one.handoff])
            crew = crew_of(connection, tenant_id, queue, context)
            found += [
                (tenant_id, one.id)
                for one in listed
                if _step(tenant, one, calls.get(one.handoff or "", []), crew, context) is not None
            ]
    return found


def _step(
    tenant: Tenant, conversation: Conversation, calls: list[Call], crew: Crew, context: Context
) -> Step | None:
    queue = conversation.owner.queue
    return next_step(
        calls,
        mode_of(tenant, queue),
        offered=conversation.owner.kind is OwnerKind.OFFER,
        crew=crew,
        pace=pace_of(tenant, queue, context),
        now=context.now,
    )


def climb(tx: Transaction, tenant_id: str, conversation_id: str, context: Context) -> Rung | None:
    """Takes the next step of a conversation's ladder, unless it was accepted or another gateway was faster."""
    conversation = conversations.find(tx.connection, tenant_id, conversation_id, lock=True)
    if conversation.owner.kind not in WAITING or conversation.handoff is None:
        return None
    tenant = tenants.find(tx.connection, tenant_id)
    calls = store.of_handoff(tx.connection, tenant_id, conversation.handoff)
    crew = crew_of(tx.connection, tenant_id, conversation.owner.queue, context)
    step = _step(tenant, conversation, calls, crew, context)
    if step is None:
        return None
    if step.deed is Deed.HOLD:
        assert step.of is not None, "only a call is held"
        store.hold(tx.connection, tenant_id, conversation.handoff, step.of.n, context.now)
        return None
    if step.deed is Deed.TAKE_BACK:
        withdraw(tx, conversation, Event.OFFER_TIMEOUT, context)
        return climb(tx, tenant_id, conversation_id, context)  # perhaps that was the last agent before the team
    store.add(tx.connection, tenant_id, conversation.handoff, step.rung, now=context.now)
    tx.ring(desk_topic(tenant_id))
    if step.rung is Rung.OUTSIDE:
        body = {"conversation": conversation.id, "handoff": conversation.handoff, "queue": conversation.owner.queue}
        announce(tx, tenant_id, EventType.LADDER_RUNG, {**body, "rung": step.rung}, context)
    if step.rung is Rung.TICKET:
        _open_ticket(tx, conversation, tenant, context)
    return step.rung


def _open_ticket(tx: Transaction, conversation: Conversation, tenant: Tenant, context: Context) -> None:
    """The last rung: a promise with a time. The customer keeps his place beside it."""
    due = promise(tx, conversation, tenant, context, queue=conversation.owner.queue or "")
    body = {"text": say("nobody_took_it", conversation.language, due=due), "kind": "notice"}
    conversations.append(tx, conversation, Draft(kind=Kind.MESSAGE, author=SYSTEM, body=body), context.now)
