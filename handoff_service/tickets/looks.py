"""When a ticket is looked at next by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from handoff_service.agents import store as agents
from handoff_service.agents.presence import present
from handoff_service.calendars.model import Calendar
from handoff_service.calendars.moments import add_working_time, is_open, when_open, working_time
from handoff_service.tenants import store as tenants
from handoff_service.tickets import store
from handoff_service.tickets.model import State, Ticket
from handoff_service.tickets.states import next_look

MIXED = timedelta(days=1)  # so long a gateway of the release before may run beside this one
WARNED_AFTER = 0.75  # of the time from when it was opened to when it is due
# A due time farther away is not worth counting the working hours until then at every line of the log.
COUNTED = timedelta(days=60)


def look_of(
    connection: sa.Connection, ticket: Ticket, now: datetime, *, pause: timedelta = timedelta()
) -> datetime | None:
    """When something is to happen to the ticket by itself, after `now`.

    Where its queue gives tickets to people, somebody is looked for at once, or after a `pause`, while it is open.
    """
    settings = tenants.find(connection, ticket.tenant).settings
    calendar, queue = settings.calendar(ticket.queue or ""), settings.queue(ticket.queue or "")
    warned = warned_at(ticket, calendar)
    return next_look(
        ticket,
        settings.tickets.reopen_days,
        warn_at=warned if warned is not None and warned > now else None,
        waits=settings.tickets.waiting_remind_days > 0,
        give_at=when_open(calendar, now + pause) if queue is not None and queue.assign_tickets else None,
    )


def look_anew(connection: sa.Connection, now: datetime) -> None:
    """Looks at tickets whose time a gateway of the release before has lost: it knows no reminders and gives nothing."""
    for tenant in tenants.everyone(connection):
        settings = tenant.settings
        giving = [one.id for one in settings.queues if one.assign_tickets]
        since = now - MIXED if settings.tickets.waiting_remind_days else None
        if giving or since:
            store.look_now(connection, tenant.id, waiting_since=since, queues=giving, now=now)


def look_for(connection: sa.Connection, tenant: str, agent_id: str, now: datetime) -> None:
    """Somebody has come: what nobody has in those of his queues that give is looked at now, not after its pause."""
    agent = agents.find(connection, tenant, agent_id)
    settings = tenants.find(connection, tenant).settings
    giving = [one.id for one in settings.queues if one.assign_tickets and one.id in agent.queues]
    giving = [queue for queue in giving if is_open(settings.calendar(queue), now)]
    if giving and present(agent, agents.connected(connection, tenant, now)):
        store.look_at_free(connection, tenant, giving, now)


def warned_at(ticket: Ticket, calendar: Calendar) -> datetime | None:
    """When three quarters of its working time have passed; None for what is late, waits, or is only a promise."""
    if ticket.state not in (State.OPEN, State.IN_PROGRESS) or ticket.overdue_at is not None or ticket.is_promise:
        return None
    begun, whole = ticket.created_at, ticket.due_at - ticket.created_at
    open_for = working_time(calendar, begun, ticket.due_at) if whole <= COUNTED else timedelta()
    at = add_working_time(calendar, begun, WARNED_AFTER * open_for) if open_for else begun + WARNED_AFTER * whole
    return at if at is not None and begun < at < ticket.due_at else None
