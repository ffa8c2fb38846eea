"""Opening a ticket: by hand, for the bot, by overflow, out of a rating or a complaint."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent
from handoff_service.calendars.moments import add_working_time, when_open
from handoff_service.channels import contacts
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation
from handoff_service.database import Transaction
from handoff_service.errors import Invalid
from handoff_service.ids import new_id
from handoff_service.permissions import Permission, holds
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import TenantSettings
from handoff_service.tickets import store
from handoff_service.tickets.log import By, open_log
from handoff_service.tickets.model import HIGHEST, NORMAL, Source, State, Ticket
from handoff_service.tickets.settings import COMPLAINT, PROMISE

SUBJECT_CHARS = 200
MOST_FIELDS = 30
FIELD_CHARS = 2000
FARTHEST = timedelta(days=730)


def open_work(
    tx: Transaction,
    tenant: str,
    *,
    type: str,
    subject: str,
    source: Source,
    actor: str,
    context: Context,
    conversation: Conversation | None = None,
    contact: str | None = None,
    fields: Mapping[str, Any] | None = None,
    priority: int = NORMAL,
    tier: int = 1,
    agent: str | None = None,
    queue: str | None = None,
    due_at: datetime | None = None,
    reply_to: str = "",
    turn: str | None = None,
    about_agent: str | None = None,
    told: Mapping[str, Any] | None = None,
) -> Ticket:
    """Opens a ticket under a number that can be read out; `told` goes into the first line of its log.

    Without a due time it is due as promised. Raises Invalid, which names what there is instead, NotFound, Erased.
    """
    settings = tenants.find(tx.connection, tenant).settings
    check_parts(settings, type=type, subject=subject, priority=priority, tier=tier, queue=queue, fields=fields)
    queue = queue or (conversation.owner.queue if conversation else None) or settings.default_queue.id
    if settings.queue(queue) is None:
        queue = settings.default_queue.id  # that of the conversation was taken away
    due_at = default_due(settings, type, queue, context) if due_at is None else checked_due(due_at, context.now)
    if agent is not None:
        check_owner(tx.connection, tenant, agent, about_agent=about_agent)
    if (contact := conversation.contact if conversation else contact) is not None:
        contacts.lock(tx.connection, tenant, contact)
    name = new_id("t")
    ticket = Ticket(
        tenant=tenant,
        id=name,
        number=free_number(tx.connection, tenant, turn or name, context.now, settings.zone),
        type=type,
        subject=" ".join(subject.split())[:SUBJECT_CHARS],
        state=State.OPEN,
        priority=priority,
        tier=tier,
        source=source,
        conversation=conversation.id if conversation else "",
        contact=contact,
        agent=agent,
        queue=queue,
        reply_to=reply_to,
        fields=None if fields is None else dict(fields),
        turn=turn,
        due_at=due_at,
        created_at=context.now,
        updated_at=context.now,
        about_agent=about_agent,
    )
    return open_log(tx, ticket, By(actor, context.now), told or {})


def check_parts(
    settings: TenantSettings,
    *,
    type: str | None = None,
    subject: str | None = None,
    priority: int | None = None,
    tier: int | None = None,
    queue: str | None = None,
    fields: Mapping[str, Any] | None = None,
) -> None:
    """Raises Invalid for a part that no ticket of this tenant can have, and names what is possible."""
    if type is not None and (type not in settings.tickets.known or type == PROMISE):
        able = [one for one in settings.tickets.known if one != PROMISE]
        raise Invalid(f"There is no type of tickets {type[:40]!r}; there are {', '.join(able)}.")
    if subject is not None and not subject.strip():
        raise Invalid("A ticket needs a subject: one line that tells what is to be done.")
    if priority is not None and not 0 <= priority <= HIGHEST:
        raise Invalid(f"A priority is between 0 and {HIGHEST}, not {priority}.")
    if tier is not None and tier not in (1, 2):
        raise Invalid(f"A tier is 1 (front line) or 2 (senior), not {tier}.")
    if queue is not None and settings.queue(queue) is None:
        raise Invalid(f"There is no queue {queue[:64]!r}; there are {', '.join(one.id for one in settings.queues)}.")
    if fields is not None and len(fields) > MOST_FIELDS:
        raise Invalid(f"A ticket has at most {MOST_FIELDS} fields, not {len(fields)}.")
    for name, value in (fields or {}).items():
        if not isinstance(value, str) or len(value) > FIELD_CHARS or len(name) > 64:
            raise Invalid(f"The field {name[:64]!r} must be text of at most {FIELD_CHARS} characters.")


def checked_due(due_at: datetime, now: datetime) -> datetime:
    """The due time. Raises Invalid for one that has passed, is years ahead or knows no time zone."""
    if due_at.tzinfo is None:
        raise Invalid("`due_at` needs its time zone, such as 2026-11-02T18:00:00+08:00.")
    if not now <= due_at <= now + FARTHEST:
        raise Invalid(f"`due_at` must lie ahead, within {FARTHEST.days} days; it is {due_at.isoformat()}.")
    return due_at


def check_owner(connection: sa.Connection, tenant: str, agent: str, *, about_agent: str | None) -> Agent:
    """The agent, if he can own the ticket. Raises Invalid or NotFound.

    One that complains about an agent belongs to somebody who decides on complaints, and never to himself.
    """
    found = agents.find(connection, tenant, agent)
    if found.disabled or not holds(found, Permission.TICKETS_WORK):
        raise Invalid(f"{found.name} does not work on tickets; choose somebody else.")
    if about_agent is not None and (found.id == about_agent or not holds(found, Permission.COMPLAINTS_DECIDE)):
        raise Invalid("A complaint about an agent belongs to a supervisor other than himself.")
    return found


def default_due(settings: TenantSettings, type: str, queue: str, context: Context) -> datetime:
    """When work of this kind is due: a complaint after so many working hours of its queue, else as promised."""
    calendar = settings.calendar(queue)
    if type == COMPLAINT:
        amount = timedelta(hours=settings.complaints.answer_hours)
        return add_working_time(calendar, context.now, amount) or context.now + amount
    length = timedelta(seconds=context.settings.message_due_s)
    return when_open(calendar, when_open(calendar, context.now) + length)


def free_number(connection: sa.Connection, tenant: str, seed: str, now: datetime, zone: ZoneInfo) -> str:
    """The first number that no other ticket has."""
    return next(one for one in numbers(f"{tenant}/{seed}", now, zone) if not store.is_taken(connection, tenant, one))


def numbers(seed: str, now: datetime, zone: ZoneInfo) -> Iterator[str]:
    """T261102-482915, then others: the tenant's day, and digits that tell nothing of how many tickets there are."""
    for again in count():
        digits = int(hashlib.sha256(f"{seed}/{again}".encode()).hexdigest(), 16) % 1_000_000
        yield f"T{now.astimezone(zone):%y%m%d}-{digits:06}"
