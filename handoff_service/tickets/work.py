"""What agents do with a ticket: take, assign, let go, wait for the customer, resolve, close, reopen, change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent
from handoff_service.calendars.moments import add_working_time, working_time
from handoff_service.channels import contacts
from handoff_service.complaints import store as complaints
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation
from handoff_service.database import Transaction
from handoff_service.errors import AlreadyTaken, Conflict, Forbidden, Invalid
from handoff_service.files import store as files
from handoff_service.permissions import Permission, holds
from handoff_service.public_mentions.model import CHANNEL
from handoff_service.tenants import store as tenants
from handoff_service.tickets import log, store
from handoff_service.tickets.log import By, by_agent, record
from handoff_service.tickets.model import Deed, State, Ticket
from handoff_service.tickets.open import SUBJECT_CHARS, check_owner, check_parts, checked_due, default_due
from handoff_service.tickets.settings import COMPLAINT
from handoff_service.tickets.states import ENDED, UNFINISHED, after_working


def locked(tx: Transaction, agent: Agent, name: str) -> Ticket:
    """The ticket, locked for the agent's command. Raises NotFound, Conflict for one that was merged, and Erased.

    Its customer is locked first, as where he writes.
    """
    contact = store.find(tx.connection, agent.tenant, name, agent).contact
    if contact is not None:
        contacts.lock(tx.connection, agent.tenant, contact)
    ticket = store.find(tx.connection, agent.tenant, name, agent, lock=True)
    if ticket.merged_into is not None:
        into = store.find(tx.connection, agent.tenant, ticket.merged_into, agent)
        raise Conflict(
            f"Ticket {ticket.number or ticket.id} was merged into {into.number or into.id}; work on that one.",
            into=into.id,
        )
    return ticket


def actor_of(agent: Agent) -> str:
    return f"agent:{agent.id}"


def take(tx: Transaction, agent: Agent, ticket: Ticket, context: Context) -> Ticket:
    """Makes the ticket the agent's, who begins with it. Raises AlreadyTaken, which names the winner."""
    if ticket.agent == agent.id and ticket.state is State.IN_PROGRESS:
        return ticket
    if ticket.agent not in (None, agent.id):
        winner = agents.find(tx.connection, agent.tenant, str(ticket.agent))
        raise AlreadyTaken(
            f"{winner.name} has this ticket.", ticket=ticket.id, winner={"id": winner.id, "name": winner.name}
        )
    check_owner(tx.connection, agent.tenant, agent.id, about_agent=ticket.about_agent)
    to = ticket.state if ticket.state is State.WAITING else State.IN_PROGRESS
    return record(tx, ticket, Deed.TAKEN, by_agent(agent, context), to=to, agent=agent.id)


def assign(
    tx: Transaction, agent: Agent, ticket: Ticket, context: Context, *, to_agent: str | None, to_queue: str | None
) -> Ticket:
    """Gives the ticket to an agent or back to a queue. That of a colleague only its owner or a supervisor moves."""
    if (to_agent is None) == (to_queue is None):
        raise Invalid("Name either `to_agent` or `to_queue`.")
    if ticket.agent not in (None, agent.id) and not holds(agent, Permission.CONVERSATIONS_SUPERVISE):
        holder = agents.find(tx.connection, agent.tenant, str(ticket.agent))
        raise Forbidden(f"{holder.name} has this ticket; ask him or a supervisor to pass it on.", ticket=ticket.id)
    by = by_agent(agent, context)
    if to_agent is not None:
        check_owner(tx.connection, agent.tenant, to_agent, about_agent=ticket.about_agent)
        return record(tx, ticket, Deed.ASSIGNED, by, agent=to_agent)
    check_parts(tenants.find(tx.connection, agent.tenant).settings, queue=to_queue)
    to = State.OPEN if ticket.state is State.IN_PROGRESS else ticket.state
    return record(tx, ticket, Deed.RELEASED, by, to=to, body={"kind": to_queue}, agent=None, queue=to_queue)


def release(tx: Transaction, agent: Agent, ticket: Ticket, context: Context) -> Ticket:
    """Puts the ticket back into its queue."""
    queue = ticket.queue or tenants.find(tx.connection, agent.tenant).settings.default_queue.id
    return assign(tx, agent, ticket, context, to_agent=None, to_queue=queue)


def wait(tx: Transaction, agent: Agent, ticket: Ticket, context: Context) -> Ticket:
    """Waits for the customer; the time until he answers does not count against the due time."""
    return record(tx, ticket, Deed.AWAITED, by_agent(agent, context), to=State.WAITING)


def go_on(tx: Transaction, ticket: Ticket, actor: str, context: Context, body: Mapping[str, Any]) -> Ticket:
    """The customer has answered: back to work, due as much working time of its queue later as he was waited for."""
    calendar = tenants.find(tx.connection, ticket.tenant).settings.calendar(ticket.queue or "")
    waited = working_time(calendar, since_when_waiting(tx, ticket), context.now)
    due_at = add_working_time(calendar, ticket.due_at, waited) or ticket.due_at + waited
    changes: dict[str, Any] = {"due_at": due_at, **without_lost(tx, ticket)}
    to = State.OPEN if "agent" in changes else after_working(ticket)
    return record(tx, ticket, Deed.ANSWERED, By(actor, context.now), to=to, body=body, **changes)


def since_when_waiting(tx: Transaction, ticket: Ticket) -> datetime:
    awaited = [line.at for line in log.lines(tx.connection, ticket, limit=100_000) if line.kind is Deed.AWAITED]
    return awaited[-1] if awaited else ticket.updated_at


def resolve(tx: Transaction, agent: Agent, ticket: Ticket, context: Context, *, note: str = "") -> Ticket:
    """Says that it is solved; a complaint is followed up when the tenant wants that.

    Raises Conflict for a complaint that nobody has answered: its customer has been told nothing yet.
    """
    refuse_undecided(tx, ticket)
    refuse_unanswered(tx, ticket, note)
    changes: dict[str, Any] = {}
    days = tenants.find(tx.connection, agent.tenant).settings.tickets.follow_up_days
    if ticket.type == COMPLAINT and days is not None and ticket.check_at is None and ticket.conversation:
        plan = {"kind": "message", "text": "", "by": "system"}
        changes = {"check_at": context.now + timedelta(days=days), "check_plan": plan}
    if ticket.type == COMPLAINT:
        complaints.answered(tx.connection, ticket.tenant, ticket.id, context.now)
    body = {"text": note} if note else {}
    return record(tx, ticket, Deed.RESOLVED, by_agent(agent, context), to=State.RESOLVED, body=body, **changes)


def close(tx: Transaction, agent: Agent, ticket: Ticket, context: Context, *, note: str = "") -> Ticket:
    """Ends it for good; nothing that was planned happens any more."""
    refuse_undecided(tx, ticket)
    body = {"text": note} if note else {}
    gone: dict[str, Any] = {"check_at": None, "check_plan": None}
    return record(tx, ticket, Deed.CLOSED, by_agent(agent, context), to=State.CLOSED, body=body, **gone)


def without_lost(tx: Transaction, ticket: Ticket) -> dict[str, Any]:
    """What changes when the owner's account was disabled, or his role changed, meanwhile: it is open to all again."""
    if ticket.agent is None or may_work(agents.find(tx.connection, ticket.tenant, ticket.agent)):
        return {}
    return {"agent": None}


def may_work(agent: Agent) -> bool:
    """Whether tickets are for him at all: his account is in use, and his role works on them."""
    return not agent.disabled and holds(agent, Permission.TICKETS_WORK)


def is_unanswered(tx: Transaction, ticket: Ticket) -> bool:
    """Whether it is a complaint in the register whose customer was told nothing yet."""
    if ticket.type != COMPLAINT:
        return False
    filed = complaints.of_tickets(tx.connection, ticket.tenant, [ticket.id]).get(ticket.id)
    return filed is not None and filed.answered_at is None


def may_own(agent: Agent, *, about_agent: str | None) -> bool:
    """Whether he may have this ticket: one about an agent is for who decides on complaints, and never for himself."""
    if not may_work(agent) or agent.id == about_agent:
        return False
    return about_agent is None or holds(agent, Permission.COMPLAINTS_DECIDE)


def refuse_unanswered(tx: Transaction, ticket: Ticket, note: str) -> None:
    """Raises Conflict for a complaint whose customer was told nothing: within its hours he is to have an answer.

    Where he cannot be told anything here, without a conversation, the note says how he was answered.
    """
    if not is_unanswered(tx, ticket):
        return
    if ticket.conversation and not _is_public(tx, ticket):
        raise Conflict("This complaint was not answered yet; tell its customer by a public update, then resolve it.")
    if not note.strip():
        raise Conflict("Its customer cannot be told anything here; say in `note` how this complaint was answered.")


def _is_public(tx: Transaction, ticket: Ticket) -> bool:
    """Whether nothing that is said of the ticket reaches its customer."""
    return conversations.find(tx.connection, ticket.tenant, ticket.conversation).channel == CHANNEL


def finish(tx: Transaction, agent: Agent, ticket: Ticket, context: Context) -> Ticket:
    """Closes what is done; once more changes nothing."""
    return ticket if ticket.state is State.CLOSED else close(tx, agent, ticket, context)


def refuse_undecided(tx: Transaction, ticket: Ticket) -> None:
    """Raises Conflict while a remedy waits for its approval: nobody would look for it in a ticket that has ended."""
    waiting = [one for one in complaints.remedies(tx.connection, ticket.tenant, [ticket.id]) if one.state == "proposed"]
    if waiting:
        names = ", ".join(one.id for one in waiting)
        raise Conflict(f"Remedies wait for their approval; approve or refuse them first: {names}.")


def reopen(tx: Transaction, ticket: Ticket, actor: str, context: Context, body: Mapping[str, Any]) -> Ticket:
    """Takes up again what has ended; it is due anew, as if it were opened now, and no sooner than before."""
    settings = tenants.find(tx.connection, ticket.tenant).settings
    queue = ticket.queue if settings.queue(ticket.queue or "") else settings.default_queue.id
    due_at = max(ticket.due_at, default_due(settings, ticket.type, str(queue), context))
    changes: dict[str, Any] = {"due_at": due_at, "overdue_at": None, **without_lost(tx, ticket)}
    to = State.OPEN if "agent" in changes else after_working(ticket)
    return record(tx, ticket, Deed.REOPENED, By(actor, context.now), to=to, body=body, **changes)


def change(
    tx: Transaction,
    agent: Agent,
    ticket: Ticket,
    context: Context,
    *,
    due_at: datetime | None = None,
    **parts: Any,
) -> Ticket:
    """Sets subject, type, priority, tier, fields or the due time of a ticket that has not ended.

    Raises Invalid, and Conflict for a change of type from or to a complaint, which has a register to go with it.
    """
    changes = {name: value for name, value in parts.items() if value is not None}
    if due_at is not None:
        changes |= {"due_at": checked_due(due_at, context.now), "overdue_at": None}
    if not changes:
        raise Invalid("Name what is to be changed: subject, type, priority, tier, fields or due_at.")
    if ticket.state in ENDED:
        raise Conflict(f"The ticket is {ticket.state}; reopen it before changing it.", state=ticket.state)
    kind = changes.get("type", ticket.type)
    if kind != ticket.type and (COMPLAINT in (kind, ticket.type) or ticket.is_promise):
        raise Conflict("A complaint or promise keeps its type; POST …/complaint makes another ticket a complaint.")
    settings = tenants.find(tx.connection, agent.tenant).settings
    check_parts(settings, **{name: value for name, value in changes.items() if name not in ("due_at", "overdue_at")})
    if "subject" in changes:
        changes["subject"] = " ".join(changes["subject"].split())[:SUBJECT_CHARS]
    told = {name: _readable(value) for name, value in changes.items() if name != "overdue_at"}
    return record(tx, ticket, Deed.CHANGED, by_agent(agent, context), body={"changes": told}, **changes)


def _readable(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def link(tx: Transaction, agent: Agent, ticket: Ticket, conversation_id: str, context: Context) -> Ticket:
    """Adds another conversation of the same customer; a ticket without a customer gets that one.

    Raises Invalid for somebody else's: he would be told what is not his.
    """
    conversation = conversations.find(tx.connection, agent.tenant, conversation_id)
    changes = _whose(ticket, conversation)
    if not ticket.conversation:
        changes["conversation"] = conversation.id
    elif not log.link(tx.connection, ticket, conversation.id, context.now):
        return ticket
    body = {"conversation": conversation.id}
    return record(tx, ticket, Deed.LINKED, by_agent(agent, context), body=body, **changes)


def _whose(ticket: Ticket, conversation: Conversation) -> dict[str, Any]:
    if ticket.contact is None:
        return {"contact": conversation.contact}
    if ticket.contact != conversation.contact:
        raise Invalid("This conversation is with another customer; a ticket has one.", conversation=conversation.id)
    return {}


def unlink(tx: Transaction, agent: Agent, ticket: Ticket, conversation_id: str, context: Context) -> Ticket:
    """Takes away a conversation that was linked. Raises Conflict for the one in which it was opened."""
    if not log.unlink(tx.connection, ticket, conversation_id):
        raise Conflict("Only a conversation that was linked later can be taken away.", conversation=conversation_id)
    body = {"conversation": conversation_id}
    return record(tx, ticket, Deed.UNLINKED, by_agent(agent, context), body=body)


def attach(tx: Transaction, agent: Agent, ticket: Ticket, file_id: str, context: Context) -> Ticket:
    """Names a file of this customer in the ticket: one of his, or one that the agent has uploaded to it.

    Raises Invalid, NotFound.
    """
    file = files.find(tx.connection, agent.tenant, file_id)
    if ticket.contact is None or file.contact != ticket.contact:
        raise Invalid("The file belongs to another customer; upload it to this ticket.", file=file.id)
    if file.seq is None:
        if file.author != actor_of(agent):
            raise Invalid("This file was uploaded by somebody else and not sent yet.", file=file.id)
        # It is in no entry; without this it would be dropped as never sent.
        files.attach(tx.connection, file, conversation=file.conversation, seq=0, audience=log.INTERNAL)
    audience = file.audience or log.INTERNAL
    if not log.add_file(tx.connection, ticket, file.id, actor=actor_of(agent), audience=audience, now=context.now):
        return ticket
    body = {"file": file.id, "name": file.name}
    return record(tx, ticket, Deed.ATTACHED, by_agent(agent, context), body=body)


def end_promises(tx: Transaction, conversation: Conversation, now: datetime, *, tier: int | None = None) -> None:
    """Closes the promise to a conversation, also one that somebody has worked on: it is kept, or nobody wants it.

    With `tier` only if it is not an answer of a higher one that was promised.
    """
    for ticket in store.close_tickets(tx.connection, conversation, tier=tier):
        if ticket.state in UNFINISHED:
            record(tx, ticket, Deed.CLOSED, By(log.SYSTEM, now), to=State.CLOSED)
