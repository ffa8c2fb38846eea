"""What each change of owner means for the calls: a wait begins, or somebody is asked; and when to look at them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from handoff_service.calls import store
from handoff_service.calls.model import Call, Pace, Rung, look_at
from handoff_service.calls.whom import mode_of
from handoff_service.conversations import store as conversations
from handoff_service.conversations.model import Conversation, OwnerKind
from handoff_service.handoffs.routing import store as places
from handoff_service.settings import Settings
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant

WAITING = (OwnerKind.QUEUE, OwnerKind.OFFER)
# For each place before somebody, counted up to so many: of a thousand the last is looked at within five minutes.
SPREAD, MOST_SPREAD = timedelta(seconds=0.3), 1000
FARTHEST = 2 * MOST_SPREAD * SPREAD


def pace_of(tenant: Tenant, queue: str | None, settings: Settings) -> Pace:
    """How long calls of a queue last."""
    found = tenant.settings.queue(queue or "")
    offer_s = found.accept_s if found and found.accept_s is not None else settings.offer_s
    return Pace(*(timedelta(seconds=each) for each in (settings.notify_s, settings.take_s, offer_s)))


def note_move(
    connection: sa.Connection, before: Conversation, after: Conversation, settings: Settings, now: datetime
) -> None:
    """Notes the call that a move is, if it is one, and when the ladder of what now waits is to be looked at."""
    kind, handoff = after.owner.kind, after.handoff
    if handoff is None or kind not in WAITING:
        return
    made = store.of_handoff(connection, after.tenant, handoff)
    if kind is OwnerKind.OFFER:
        made = store.add(connection, after.tenant, handoff, Rung.AGENT, after=made, now=now, agent=after.owner.agent)
    elif before.owner.kind is not OwnerKind.OFFER or before.owner.queue != after.owner.queue:
        made = store.add(connection, after.tenant, handoff, Rung.QUEUED, after=made, now=now)
    look_later(connection, after, made, settings)


def look_later(
    connection: sa.Connection,
    conversation: Conversation,
    made: Sequence[Call],
    settings: Settings,
    *,
    full_at: datetime | None = None,
    not_before: datetime | None = None,
) -> None:
    """Notes when the sweeper is to look at the ladder of a waiting conversation; never, where it has ended.

    `not_before`: it has just been looked at, and is not to be always due.
    """
    at = _next_step_at(connection, conversation, made, settings, full_at)
    if at is not None and not_before is not None:
        at = max(at, not_before)
    conversations.update(connection, conversation, ladder_at=at)


def look_again(
    connection: sa.Connection, conversation: Conversation, made: Sequence[Call], settings: Settings, now: datetime
) -> None:
    """The same each minute: what a gateway of the release before put into a queue has no time, or another mode's.

    Where none stands the first ladder is overdue for everybody who waits, so they are spread by their places: those
    who are called at once would call all supervisors about all of them together. What was spread stays so.
    """
    at = _next_step_at(connection, conversation, made, settings)
    if at is not None:
        stands = store.ladder_at(connection, conversation.tenant, conversation.id)
        if stands is None:
            at = max(at, now + _spread(connection, conversation))
        elif at <= now < stands <= now + FARTHEST:  # farther away than that a clock wrote it that was ahead
            at = stands
    conversations.update(connection, conversation, ladder_at=at)


def _next_step_at(
    connection: sa.Connection,
    conversation: Conversation,
    made: Sequence[Call],
    settings: Settings,
    full_at: datetime | None = None,
) -> datetime | None:
    tenant = tenants.find(connection, conversation.tenant)
    queue, offered = conversation.owner.queue, conversation.owner.kind is OwnerKind.OFFER
    pace = pace_of(tenant, queue, settings)
    return look_at(made, mode_of(tenant, queue), offered=offered, pace=pace, full_at=full_at)


def _spread(connection: sa.Connection, conversation: Conversation) -> timedelta:
    """For each place before somebody a little; those beyond what is counted come after them, in no order."""
    place = places.place_of(connection, conversation)
    if place is None:
        return timedelta()
    before = places.ahead(connection, conversation.tenant, conversation.owner.queue or "", *place, most=MOST_SPREAD)
    return (before if before < MOST_SPREAD else random.uniform(1, 2) * MOST_SPREAD) * SPREAD
