"""What happens to a ticket by itself: a planned check ("主动跟进"), its due time, the end of the time for reopening."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from handoff_service.agents.canned import refuse_foreign
from handoff_service.agents.model import Agent
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation, OwnerKind
from handoff_service.conversations.receive import clean_text
from handoff_service.database import Transaction
from handoff_service.desk.forbidden import refuse_forbidden
from handoff_service.errors import Conflict, Invalid
from handoff_service.handoffs.request import own_up
from handoff_service.tenants import store as tenants
from handoff_service.texts import say
from handoff_service.tickets import store
from handoff_service.tickets.give import give, pause_of
from handoff_service.tickets.log import PUBLIC, SYSTEM, By, by_agent, record
from handoff_service.tickets.looks import look_of, warned_at
from handoff_service.tickets.model import HIGHEST, Deed, State, Ticket
from handoff_service.tickets.open import FARTHEST
from handoff_service.tickets.preferred import preferred_place
from handoff_service.tickets.remind import before_due, when_late, while_waiting
from handoff_service.tickets.states import ENDED, after_working
from handoff_service.tickets.tell import tell_customer
from handoff_service.tickets.work import actor_of, without_lost

KINDS = ("message", "task")
LOOK_AGAIN = timedelta(minutes=1)  # at a promise in the mailbox whose deadline is being dealt with
OUTCOMES = ("satisfied", "not_satisfied", "no_answer")


def plan(
    tx: Transaction, agent: Agent, ticket: Ticket, context: Context, *, at: datetime | None, kind: str, text: str
) -> Ticket:
    """Plans a check: a message to the customer, or a task for the owner of the ticket. Without a time: none any more.

    A new plan replaces the one before. Raises Invalid, also for the words of another client, ForbiddenWords, and
    Conflict for a message to nobody.
    """
    by = by_agent(agent, context)
    if at is None:
        return record(tx, ticket, Deed.PLANNED, by, body={"kind": "none"}, check_at=None, check_plan=None)
    if kind not in KINDS:
        raise Invalid(f"There is no kind of check {kind[:40]!r}; there are {', '.join(KINDS)}.")
    if at.tzinfo is None or not context.now < at <= context.now + FARTHEST:
        raise Invalid(f"A check lies ahead, within {FARTHEST.days} days, and knows its time zone: {at.isoformat()}.")
    if kind == "message" and not ticket.conversation:
        raise Conflict("This ticket has no conversation in which its customer could be asked; plan a task.")
    if kind == "task" and not text.strip():
        raise Invalid("A task says in `text` what is to be done.")
    planned = {"kind": kind, "text": clean_text(text) if text else "", "by": actor_of(agent)}
    if kind == "message":
        refuse_foreign(tx.connection, agent, planned)
        refuse_forbidden(tx.connection, agent.tenant, planned["text"])
    body = {"kind": kind, "text": planned["text"], "at": at.isoformat()}
    return record(tx, ticket, Deed.PLANNED, by, body=body, check_at=at, check_plan=planned)


def note_outcome(tx: Transaction, agent: Agent, ticket: Ticket, context: Context, *, outcome: str) -> Ticket:
    """Writes down what the check has shown. Raises Invalid."""
    if outcome not in OUTCOMES:
        raise Invalid(f"There is no outcome {outcome[:40]!r}; there are {', '.join(OUTCOMES)}.")
    return record(tx, ticket, Deed.CHECKED, by_agent(agent, context), body={"kind": outcome})


def on_look(tx: Transaction, tenant: str, ticket_id: str, context: Context) -> None:
    """Does what is due for a ticket; one step at a time, the next look finds the next."""
    found = store.find(tx.connection, tenant, ticket_id, None)
    # A conversation is locked before a ticket, as where its customer writes.
    by_message = (found.check_plan or {}).get("kind") == "message"
    told = by_message or (found.state is State.WAITING and found.conversation)
    conversation = preferred_place(tx, found, context) if told else None
    place = conversation
    if place is None and found.conversation:
        place = conversations.find(tx.connection, tenant, found.conversation, lock=True)
    promised_in = place if found.is_promise else None
    ticket = store.find(tx.connection, tenant, ticket_id, None, lock=True)
    if ticket.look_at is None or ticket.look_at > context.now or ticket.check_plan != found.check_plan:
        return
    if (ticket.state, ticket.conversation) != (found.state, found.conversation):
        return  # somebody was quicker; the next look finds what is left
    settings = tenants.find(tx.connection, tenant).settings
    reopen_days = settings.tickets.reopen_days
    by = By(SYSTEM, context.now)
    if ticket.check_at is not None and ticket.check_at <= context.now:
        _check(tx, ticket, conversation if by_message else None, context)
    elif ticket.state is State.RESOLVED and _is_over(ticket, reopen_days, context):
        record(tx, ticket, Deed.CLOSED, by, to=State.CLOSED, body={"kind": "time"})
    elif promised_in is not None and ticket.state in (State.OPEN, State.IN_PROGRESS):
        _promise(tx, ticket, promised_in, context)
    elif ticket.state in (State.OPEN, State.IN_PROGRESS) and ticket.due_at <= context.now and not ticket.overdue_at:
        if lost := without_lost(tx, ticket):
            ticket = record(tx, ticket, Deed.RELEASED, by, to=State.OPEN, **lost)
        higher = min(HIGHEST, ticket.priority + 1)
        ticket = record(tx, ticket, Deed.OVERDUE, by, overdue_at=context.now, priority=higher)
        when_late(tx, ticket, place, context)
    elif ticket.state is State.WAITING and not ticket.is_promise:
        after = while_waiting(tx, ticket, conversation, context)
        if after is None or after > context.now:
            looks = (after, ticket.check_at)
            store.save_look(tx.connection, ticket, min((at for at in looks if at is not None), default=None))
    else:  # three quarters of its time have passed, nobody has it, or the tenant's days were changed since
        ticket = give(tx, ticket, place, context)
        calendar = settings.calendar(ticket.queue or "")
        warned = warned_at(ticket, calendar)
        if warned is not None and found.look_at is not None and found.look_at <= warned <= context.now:
            before_due(tx, ticket, place, context)
        after = look_of(tx.connection, ticket, context.now, pause=pause_of(ticket, calendar, context.now))
        assert after is None or after > context.now, "nothing would be done about it, again and again"
        store.save_look(tx.connection, ticket, after)


def _promise(tx: Transaction, ticket: Ticket, conversation: Conversation, context: Context) -> None:
    """The told time of a promise has come, or a later look at it.

    Who waits hears that it was not kept, and a new time. In the mailbox the deadline of the conversation does that. Who
    was answered meanwhile, but not by whom it was promised of, is put before the others at the desks.
    """
    kind, after = conversation.owner.kind, None
    if ticket.due_at > context.now:
        after = ticket.due_at
    elif kind is OwnerKind.MAILBOX:
        after = max(conversation.deadline_at or context.now, context.now + LOOK_AGAIN)
    elif kind in (OwnerKind.QUEUE, OwnerKind.OFFER) or (
        kind is OwnerKind.AGENT and conversations.unanswered(tx.connection, conversation)
    ):
        own_up(tx, conversation, context)
        return
    elif ticket.overdue_at is None:
        higher = min(HIGHEST, ticket.priority + 1)
        ticket = record(tx, ticket, Deed.OVERDUE, By(SYSTEM, context.now), overdue_at=context.now, priority=higher)
    looks = (after, ticket.check_at)
    store.save_look(tx.connection, ticket, min((at for at in looks if at is not None), default=None))


def _is_over(ticket: Ticket, reopen_days: int, context: Context) -> bool:
    return ticket.ended_at is not None and ticket.ended_at + timedelta(days=reopen_days) <= context.now


def _check(tx: Transaction, ticket: Ticket, conversation: Conversation | None, context: Context) -> None:
    """The planned message goes to the customer; a task opens the ticket again and waits at its owner's desk."""
    planned = dict(ticket.check_plan or {})
    gone: dict[str, Any] = {"check_at": None, "check_plan": None}
    by = By(SYSTEM, context.now)
    if conversation is not None:
        usual = say("ticket_follow_up", conversation.language, number=ticket.number or "")
        entry = tell_customer(tx, ticket, conversation, planned.get("text") or usual, context.now)
        told: dict[str, Any] = {"told_in": entry.conversation, "told_seq": entry.seq}
        # The time for his answer begins now.
        told |= {"ended_at": context.now} if ticket.state in ENDED else {}
        body = {"kind": "message", "text": entry.body["text"], "conversation": entry.conversation, "seq": entry.seq}
        record(tx, ticket, Deed.CHECKED, by, audience=PUBLIC, body=body, **gone, **told)
        return
    body = {"kind": "task", "text": planned.get("text", "")}
    if ticket.state in ENDED:
        ticket = record(
            tx,
            ticket,
            Deed.REOPENED,
            by,
            to=after_working(ticket),
            body=body,
            due_at=context.now + timedelta(days=1),
            overdue_at=None,
        )
    record(tx, ticket, Deed.CHECKED, by, body=body, **gone)


def wanted_at(context: Context, *, at: datetime | None, in_days: int | None) -> datetime | None:
    """The moment of a check, named as such or in days. Raises Invalid for both."""
    if at is not None and in_days is not None:
        raise Invalid("Name either `at` or `in_days`.")
    if in_days is not None:
        return context.now + timedelta(days=in_days)
    return at
