"""Who is told of a ticket that needs somebody: its owner before it is due, the supervisors too when it is late.

They are told by a note in the ticket's conversation, which stands on their desks until they answer there. Of a ticket
without one only the lists tell. A customer who is waited for is reminded once; then it counts as solved.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent
from handoff_service.complaints import store as complaints
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation
from handoff_service.database import Transaction
from handoff_service.desk import supervisors
from handoff_service.public_mentions.model import CHANNEL
from handoff_service.tenants import store as tenants
from handoff_service.texts import say
from handoff_service.tickets import log
from handoff_service.tickets.log import PUBLIC, SYSTEM, By, record
from handoff_service.tickets.model import Deed, Happening, State, Ticket
from handoff_service.tickets.preferred import can_be_reached
from handoff_service.tickets.tell import HIDDEN_FROM, tell_customer
from handoff_service.tickets.work import is_unanswered, may_work, since_when_waiting

# `kind` of the public lines by which a customer was reminded, and of the internal one when people are asked instead.
WAITED, PUT_BEFORE = "waited", "put_before"


def before_due(tx: Transaction, ticket: Ticket, place: Conversation | None, context: Context) -> None:
    """Three quarters of its time have passed: its owner is reminded; of what nobody has, the supervisors.

    `place`, for this and the others, is the conversation of the note: locked, before the ticket.
    """
    owner, heads = _people(tx, ticket, context)
    if place is not None:
        told = owner or heads
        text = say("ticket_soon_due", place.language, names=supervisors.names_of(told), **_about(tx, ticket))
        _note(tx, ticket, place, told, text, context)


def when_late(tx: Transaction, ticket: Ticket, place: Conversation | None, context: Context) -> None:
    """Its due time has passed: its owner and the supervisors are asked to look."""
    owner, heads = _people(tx, ticket, context)
    if place is not None:
        told = [*owner, *heads]
        text = say("ticket_overdue", place.language, names=supervisors.names_of(told), **_about(tx, ticket))
        _note(tx, ticket, place, told, text, context)


def tell_new_owner(tx: Transaction, ticket: Ticket, owner: Agent, place: Conversation | None, context: Context) -> None:
    """The gateway has given it to him."""
    if place is not None:
        text = say("ticket_given", place.language, names=owner.name, **_about(tx, ticket))
        _note(tx, ticket, place, [owner], text, context)


def while_waiting(tx: Transaction, ticket: Ticket, place: Conversation | None, context: Context) -> datetime | None:
    """Reminds the customer who is waited for, once, and in the end takes it as solved. Returns the next look.

    He is told in `place`; nobody is reminded without one. Where nothing would reach him there, and of a complaint that
    was not answered, or whose remedy waits for approval, people are asked to look instead, once.
    """
    rules = tenants.find(tx.connection, ticket.tenant).settings.tickets
    if not rules.waiting_remind_days or place is None or place.channel == CHANNEL:
        return None
    lines = _since_awaited(tx, ticket)
    if any(one.body.get("kind") == PUT_BEFORE for one in lines):
        return None
    reminded = next((one for one in lines if one.body.get("kind") == WAITED), None)
    if reminded is None:
        remind_at = since_when_waiting(tx, ticket) + timedelta(days=rules.waiting_remind_days)
        if context.now < remind_at:
            return remind_at
        text = say("ticket_waits_for_you", place.language, number=ticket.number or "")
        if not can_be_reached(tx, place, context):
            _put_before(tx, ticket, place, say("undelivered", place.language, reason=text), context)
            return None
        record(tx, ticket, Deed.UPDATED, By(SYSTEM, context.now), **_tell(tx, ticket, place, text, context))
        return remind_at
    if not rules.waiting_resolve_days:
        return None
    told = [one for one in lines if one.audience == PUBLIC and one.n >= reminded.n]
    resolve_at = told[-1].at + timedelta(days=rules.waiting_resolve_days)
    if context.now < resolve_at:
        return resolve_at
    if is_unanswered(tx, ticket) or _undecided(tx, ticket):
        _put_before(tx, ticket, place, "", context)
        return None
    if not can_be_reached(tx, place, context) or any(_is_undelivered(tx, ticket, one) for one in told):
        text = str(told[-1].body.get("text", ""))
        _put_before(tx, ticket, place, say("undelivered", place.language, reason=text), context)
        return None
    text = say("ticket_waited_in_vain", place.language, number=ticket.number or "")
    said = _tell(tx, ticket, place, text, context)
    record(tx, ticket, Deed.RESOLVED, By(SYSTEM, context.now), to=State.RESOLVED, **said)
    return None


def _since_awaited(tx: Transaction, ticket: Ticket) -> list[Happening]:
    """What has happened since the customer was last waited for."""
    lines = log.lines(tx.connection, ticket, limit=100_000)
    awaited = max((one.n for one in lines if one.kind is Deed.AWAITED), default=0)
    return [one for one in lines if one.n > awaited]


def _is_undelivered(tx: Transaction, ticket: Ticket, line: Happening) -> bool:
    """Whether it was noted that what a public line says has not, or perhaps not, reached the customer."""
    conversation, seq = line.body.get("conversation"), line.body.get("seq")
    if conversation is None or seq is None:
        return False
    after = conversations.entries_after(tx.connection, ticket.tenant, conversation, seq)
    noted = [one.body for one in after if one.body.get("kind") == "undelivered"]
    return any(one["of"] <= seq <= one.get("upto", one["of"]) for one in noted)


def _put_before(tx: Transaction, ticket: Ticket, place: Conversation, text: str, context: Context) -> None:
    """Asks its owner and the supervisors to look at what waits, and notes that; nothing more happens by itself."""
    owner, heads = _people(tx, ticket, context)
    told = [*owner, *heads]
    names = supervisors.names_of(told)
    said = say("ticket_waits_unanswered", place.language, names=names, **_about(tx, ticket))
    if text:
        said = f"{names}: {text}"
    _note(tx, ticket, place, told, said, context)
    record(tx, ticket, Deed.UPDATED, By(SYSTEM, context.now), body={"kind": PUT_BEFORE, "text": said})


def _tell(tx: Transaction, ticket: Ticket, place: Conversation, text: str, context: Context) -> dict[str, Any]:
    """What is written down of words to the customer; his answer to them goes on with the ticket."""
    entry = tell_customer(tx, ticket, place, text, context.now)
    body = {"kind": WAITED, "text": text, "conversation": entry.conversation, "seq": entry.seq}
    return {"audience": PUBLIC, "body": body, "told_in": entry.conversation, "told_seq": entry.seq}


def _undecided(tx: Transaction, ticket: Ticket) -> bool:
    return any(one.state == "proposed" for one in complaints.remedies(tx.connection, ticket.tenant, [ticket.id]))


def _people(tx: Transaction, ticket: Ticket, context: Context) -> tuple[list[Agent], list[Agent]]:
    """Its owner, if he still works on tickets, and the supervisors; never whom it complains about."""
    people = agents.everyone(tx.connection, ticket.tenant)
    owner = [one for one in people if one.id == ticket.agent and may_work(one)]
    connected = agents.connected(tx.connection, ticket.tenant, context.now)
    heads = supervisors.choose(people, connected, ticket.about_agent)
    return owner, [one for one in heads if one not in owner]


def _about(tx: Transaction, ticket: Ticket) -> dict[str, str]:
    zone = tenants.find(tx.connection, ticket.tenant).settings.zone
    due = f"{ticket.due_at.astimezone(zone):%Y-%m-%d %H:%M}"
    return {"number": ticket.number or ticket.id, "subject": ticket.subject, "due": due}


def _note(
    tx: Transaction, ticket: Ticket, place: Conversation, told: Sequence[Agent], text: str, context: Context
) -> None:
    if not told:
        return
    hidden = {} if ticket.about_agent is None else {HIDDEN_FROM: ticket.about_agent}
    supervisors.ask(tx, place, told, "ticket", text, context, {"ticket": ticket.id, **hidden})
