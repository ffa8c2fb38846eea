"""Giving a ticket that nobody has to somebody who is there, where its queue wants that (`assign_tickets`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent
from handoff_service.agents.presence import present
from handoff_service.calendars.model import Calendar
from handoff_service.calendars.moments import is_open
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation
from handoff_service.database import Transaction
from handoff_service.tenants import store as tenants
from handoff_service.tickets import log, store
from handoff_service.tickets.log import SYSTEM, By, record
from handoff_service.tickets.model import Deed, State, Ticket
from handoff_service.tickets.remind import tell_new_owner
from handoff_service.tickets.work import may_own

# While nobody is there for it, it is looked again after the first, each time after twice as long, up to the second.
GIVE_AGAIN, GIVE_AT_LATEST = timedelta(minutes=1), timedelta(minutes=30)
NEVER = datetime.min.replace(tzinfo=UTC)


def give(tx: Transaction, ticket: Ticket, place: Conversation | None, context: Context) -> Ticket:
    """The ticket with an owner, if its queue is open and somebody is there who has not put it back; else as it is."""
    settings = tenants.find(tx.connection, ticket.tenant).settings
    queue = settings.queue(ticket.queue or "")
    if ticket.state is not State.OPEN or ticket.agent is not None or ticket.is_promise:
        return ticket
    if queue is None or not queue.assign_tickets or not is_open(settings.calendar(queue.id), context.now):
        return ticket
    connected = agents.connected(tx.connection, ticket.tenant, context.now)
    here = [one for one in agents.everyone(tx.connection, ticket.tenant) if present(one, connected)]
    able = [one for one in here if queue.id in one.queues and may_own(one, about_agent=ticket.about_agent)]
    if place is not None:
        able = [one for one in able if place.language in one.languages] or able
    put_back = {one.actor for one in log.lines(tx.connection, ticket) if one.kind is Deed.RELEASED}
    able = [one for one in able if f"agent:{one.id}" not in put_back]
    if not able:
        return ticket
    owner = choose(able, store.held(tx.connection, ticket.tenant, [one.id for one in able]))
    ticket = record(tx, ticket, Deed.ASSIGNED, By(SYSTEM, context.now), agent=owner.id)
    tell_new_owner(tx, ticket, owner, place, context)
    return ticket


def pause_of(ticket: Ticket, calendar: Calendar, now: datetime) -> timedelta:
    """How long nobody is looked for: as long as it was in vain since its last line, or since its queue opened. Pure."""
    pause = max(GIVE_AGAIN, min(now - ticket.updated_at, GIVE_AT_LATEST))
    while pause > GIVE_AGAIN and not is_open(calendar, now - pause):
        pause = max(GIVE_AGAIN, pause / 2)
    return pause


def choose(able: Sequence[Agent], held: Mapping[str, int]) -> Agent:
    """Who has the fewest unfinished tickets, then the most room for conversations, then who was idle longest. Pure."""
    return min(
        able,
        key=lambda one: (
            held.get(one.id, 0),
            one.open / one.capacity if one.capacity else 1.0,
            one.idle_since or one.last_assigned_at or NEVER,
            one.id,
        ),
    )
