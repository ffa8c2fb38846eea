"""What somebody is told who joins a queue or waits in it, and for whom he is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from handoff_service.agents import store as agents
from handoff_service.agents.presence import present
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation, OwnerKind
from handoff_service.database import Transaction
from handoff_service.errors import NotFound
from handoff_service.handoffs import store
from handoff_service.handoffs.model import rank as rank_of
from handoff_service.handoffs.queue import (
    PACE_WINDOW,
    WINDOW,
    Lately,
    Place,
    Wait,
    arrivals_per_s,
    expected_wait,
    is_peak,
    shares,
)
from handoff_service.handoffs.routing import store as places
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import QueueSettings, Tenant
from handoff_service.texts import say
from handoff_service.video.entries import WEB

# Conversations that ended longer ago say nothing about how long one takes today.
ENDED_WITHIN = timedelta(days=1)
# So long an agent of his own is waited for where the queue says nothing of the last one.
OWN_AGENT_S = 60


def waiting_numbers(connection: sa.Connection, conversation: Conversation, context: Context) -> dict[str, Any]:
    """`place`, the expected wait and how sure that is, and what is offered instead of waiting; all None elsewhere."""
    told: dict[str, Any] = {"place": None, "wait_s": None, "wait": None, "peak": None}
    if conversation.owner.kind not in (OwnerKind.QUEUE, OwnerKind.OFFER) or not conversation.handoff:
        return told
    handoff = store.find(connection, conversation.tenant, conversation.handoff)
    tenant = tenants.find(connection, conversation.tenant)
    place = store.place(connection, handoff)
    queue = tenant.settings.queue(handoff.queue)
    told["place"] = place
    if conversation.owner.kind is OwnerKind.OFFER:
        return told  # somebody is being asked: it takes as long as he takes
    wait = wait_at(connection, tenant, handoff.queue, handoff.rank, place, handoff.priority, context)
    if wait is not None and not wait.thin:
        told["wait_s"] = wait.expected_s
        told["wait"] = {"low_s": wait.low_s, "high_s": wait.high_s, "samples": wait.samples}
    if wait is not None:
        told["peak"] = queue.peak.offer if queue and queue.peak and is_peak(wait, queue.peak.wait_s) else None
    return told


def wait_at(
    connection: sa.Connection, tenant: Tenant, queue: str, rank: int, place: int, priority: int, context: Context
) -> Wait | None:
    """How long somebody at this place of a queue will wait; None while too little is known."""
    settings = tenant.settings.queue(queue)
    pushes = settings is not None and settings.mode == "offer"
    now = context.now
    lately, before = Lately(accepted_at=store.recent_acceptances(connection, tenant.id, queue, since=now - WINDOW)), 0.0
    if pushes:
        ended = store.ended(connection, tenant.id, queue, since=now - ENDED_WITHIN)
        served = [(closed - accepted).total_seconds() for _, accepted, closed in ended if accepted is not None]
        held = store.held_beside(connection, tenant.id, queue)
        all_served = {name: store.in_service(connection, tenant.id, name) for name in held}
        for name, part in shares(held, all_served, queue).items():
            if name != queue:
                before += part * places.ahead(connection, tenant.id, name, rank, "", most=store.FARTHEST)
        lately = Lately(
            accepted_at=lately.accepted_at,
            busy_since=_busy_since(connection, tenant.id, queue),
            service_s=served,
            served=held.get(queue, 0),
            shared=sum(held.values()) / held[queue] if held.get(queue) else 1.0,
            left=len(ended) - len(served),
            waited_s=sum(((accepted or closed) - queued).total_seconds() for queued, accepted, closed in ended),
            arrivals=arrivals_per_s(store.arrivals(connection, tenant.id, queue, since=now - PACE_WINDOW), now),
        )
    worth = float(settings.ageing_s) if settings else Place(place=1).worth_s
    return expected_wait(Place(place=place + before, priority=priority, worth_s=worth), lately, pushes=pushes, now=now)


def _busy_since(connection: sa.Connection, tenant: str, queue: str) -> datetime | None:
    """Since when the first of a queue has been waiting; None when nobody waits."""
    first = places.first_in(connection, tenant, [queue], most=1)
    if not first:
        return None
    handoff = store.find(connection, tenant, first[0])
    return handoff.queued_at or handoff.requested_at


def standing(place: int, expected_s: float | None, language: str) -> str:
    """Place and expected wait as a part of a sentence, where no page shows them; empty for a place too far to tell."""
    if place >= store.FARTHEST:
        return ""
    if expected_s is None:
        return say("standing", language, place=str(place))
    return say("standing_wait", language, place=str(place), minutes=_minutes(expected_s))


def long_wait(connection: sa.Connection, conversation: Conversation, context: Context) -> str:
    """What somebody is told whose wait is long; on the web the page shows where he stands."""
    language = conversation.language
    if conversation.channel == WEB:
        return say("long_wait", language)
    told = waiting_numbers(connection, conversation, context)
    if told["place"] is None or not (where := standing(told["place"], told["wait_s"], language)):
        return say("long_wait", language)
    return say("long_wait_standing", language, standing=where)


def _minutes(seconds: float) -> str:
    return str(max(1, round(seconds / 60)))


def welcome(
    connection: sa.Connection,
    tenant: Tenant,
    queue: str,
    priority: int,
    language: str,
    context: Context,
    *,
    channel: str = WEB,
    since: datetime | None = None,
) -> dict[str, str]:
    """What somebody is told who joins a queue; while it is too long, first what he can do instead.

    Where no page shows it, his place and the expected wait too; `since`: from when a place that was kept for him
    counts. {"text"}, and {"asks": "number"} where he is asked for
    his telephone number.
    """
    settings = tenant.settings.queue(queue)
    if settings is None or (settings.peak is None and channel == WEB):
        return {"text": say("queued", language)}
    rank = rank_of(since or context.now, priority, tenant.settings.worth(queue))
    ahead = places.ahead(connection, tenant.id, queue, rank, "", most=store.FARTHEST)
    wait = wait_at(connection, tenant, queue, rank, ahead + 1, priority, context)
    known_s = None if wait is None or wait.thin else wait.expected_s
    told = "" if channel == WEB else standing(ahead + 1, known_s, language)
    if wait is None or settings.peak is None or not is_peak(wait, settings.peak.wait_s):
        return {"text": say("queued_standing", language, standing=told) if told else say("queued", language)}
    if not told and known_s is not None:
        told = say("peak_wait", language, minutes=_minutes(known_s))
    if settings.peak.offer == "callback":
        return {"text": say("queued_peak_callback", language, wait=told), "asks": "number"}
    return {"text": say("queued_peak_message", language, wait=told)}


def keep_for_his_agent(
    tx: Transaction,
    conversation: Conversation,
    settings: QueueSettings | None,
    context: Context,
    *,
    whose: str | None = None,
) -> None:
    """Keeps somebody who has just joined a queue for an agent who serves it and is there.

    That is the one whose customer he is, else, where the queue wants it, the one who had him last.
    """
    if settings is None or conversation.owner.kind is not OwnerKind.QUEUE:
        return
    wish = settings.last_agent
    last = None
    if wish is not None:
        since = context.now - timedelta(seconds=wish.within_s)
        last = store.last_served_by(tx.connection, conversation.tenant, conversation.contact, since=since)
    wait_s = OWN_AGENT_S if wish is None else wish.wait_s
    for name in filter(None, (whose, last)):
        try:
            agent = agents.find(tx.connection, conversation.tenant, name)
        except NotFound:  # he has left since
            continue
        if settings.id in agent.queues and present(agent, agents.connected(tx.connection, agent.tenant, context.now)):
            until = context.now + timedelta(seconds=wait_s)
            places.keep_for(tx.connection, conversation, agent.id, until)
            return
