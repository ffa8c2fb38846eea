"""Two tickets become one, or one becomes two. Nothing is lost: every log stays, every number is still found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from handoff_service import audit
from handoff_service.agents.model import Agent
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.errors import Conflict, Invalid
from handoff_service.tenants import store as tenants
from handoff_service.tickets import log, store
from handoff_service.tickets.log import by_agent, record
from handoff_service.tickets.model import Deed, Source, State, Ticket
from handoff_service.tickets.open import open_work
from handoff_service.tickets.settings import CALLBACK, COMPLAINT
from handoff_service.tickets.states import UNFINISHED
from handoff_service.tickets.work import actor_of, locked, refuse_undecided


def merge(tx: Transaction, agent: Agent, name: str, into: str, context: Context) -> Ticket:
    """Merges a ticket into another, which gets its conversations and files, the nearer due time and higher priority.

    The merged one is closed and read with the other from then on. Raises Conflict and Invalid for two that do not
    belong together. Both rows are locked in the order of their ids, so that two merges cannot wait for each other.
    """
    ids = [store.find(tx.connection, agent.tenant, one, agent).id for one in (name, into)]
    if ids[0] == ids[1]:
        raise Invalid("A ticket cannot be merged into itself.")
    both = {one: locked(tx, agent, one) for one in sorted(ids)}
    source, target = both[ids[0]], both[ids[1]]
    _check_pair(source, target)
    refuse_undecided(tx, source)
    for conversation in log.linked(tx.connection, source):
        if target.conversation:
            log.link(tx.connection, target, conversation, context.now)
    for file, audience in log.files(tx.connection, source).items():
        log.add_file(tx.connection, target, file, actor=actor_of(agent), audience=audience, now=context.now)
    by = by_agent(agent, context)
    record(
        tx,
        source,
        Deed.MERGED,
        by,
        to=State.CLOSED,
        body={"into": target.id},
        merged_into=target.id,
        check_at=None,
        check_plan=None,
    )
    body = {"ticket": source.id, "number": source.number}
    merged = record(tx, target, Deed.TOOK_IN, by, body=body, **_joined(source, target))
    _note(tx, agent, "ticket_merge", source, target, context)
    return merged


def _check_pair(source: Ticket, target: Ticket) -> None:
    if source.contact and target.contact and source.contact != target.contact:
        raise Conflict("These tickets are of different customers; each would be told what is not his.")
    if source.type == COMPLAINT and target.type != COMPLAINT:
        raise Conflict("A complaint stays in the register: merge the other ticket into it instead.")
    if source.about_agent != target.about_agent and source.about_agent is not None:
        raise Conflict("A complaint about an agent is merged only with one about the same agent.")
    if source.is_promise or target.is_promise:
        raise Conflict("A promise ends with its conversation; link that conversation instead.")
    if target.state not in UNFINISHED:
        raise Conflict(f"The other ticket is {target.state}; reopen it before something is merged into it.")


def _joined(source: Ticket, target: Ticket) -> dict[str, Any]:
    """What of the target changes when the source comes in."""
    changes: dict[str, Any] = {"priority": max(source.priority, target.priority)}
    if source.state in UNFINISHED:
        changes["due_at"] = min(source.due_at, target.due_at)
    changes["contact"] = target.contact or source.contact
    changes["conversation"] = target.conversation or source.conversation
    heard = [(one.told_in, one.told_seq) for one in (source, target) if one.told_in is not None]
    if heard and target.told_in in (None, source.told_in):
        told_in, told_seq = max(heard, key=lambda one: one[1] or 0)
        changes |= {"told_in": told_in, "told_seq": told_seq}
    return changes


def split(
    tx: Transaction,
    agent: Agent,
    ticket: Ticket,
    context: Context,
    *,
    subject: str,
    type: str | None,
    lines: Sequence[int],
    conversations: Sequence[str],
) -> tuple[Ticket, Ticket]:
    """Opens a second ticket for a part of this one: with lines of its log quoted, and linked conversations moved.

    The first keeps everything it had but those links. Returns (first, second). Raises Invalid for lines or
    conversations that it has not, and for a complaint, which is entered anew instead.
    """
    kind = type or _usual_type(tx, ticket)
    if kind == COMPLAINT:
        raise Invalid("File the second complaint with POST /v1/complaints, so that it is in the register.")
    if ticket.state not in UNFINISHED:
        raise Conflict(f"The ticket is {ticket.state}; reopen it before splitting it.")
    quoted = _quoted(tx, ticket, lines)
    strangers = sorted(set(conversations) - set(log.linked(tx.connection, ticket)[1:]))
    if strangers:
        raise Invalid(f"Only conversations that were linked later can move; not {', '.join(strangers)[:200]}.")
    second = open_work(
        tx,
        ticket.tenant,
        type=kind,
        subject=subject,
        source=Source.SPLIT,
        actor=actor_of(agent),
        context=context,
        contact=ticket.contact,
        priority=ticket.priority,
        tier=ticket.tier,
        agent=ticket.agent,
        queue=ticket.queue,
        due_at=ticket.due_at if ticket.due_at > context.now else None,
        about_agent=ticket.about_agent,
        told={"ticket": ticket.id, "lines": quoted},
    )
    moved = [*conversations] or ([ticket.conversation] if ticket.conversation else [])
    for conversation in conversations:
        log.unlink(tx.connection, ticket, conversation)
    if moved:
        body = {"conversation": moved[0]}
        second = record(tx, second, Deed.LINKED, by_agent(agent, context), body=body, conversation=moved[0])
    for conversation in moved[1:]:
        log.link(tx.connection, second, conversation, context.now)
    body_of_first = {"into": second.id, "number": second.number, "conversations": list(conversations)}
    first = record(tx, ticket, Deed.SPLIT, by_agent(agent, context), body=body_of_first)
    _note(tx, agent, "ticket_split", ticket, second, context)
    return first, second


def _usual_type(tx: Transaction, ticket: Ticket) -> str:
    """That of the first; of a complaint or promise the last of the tenant's types."""
    if ticket.type != COMPLAINT and not ticket.is_promise:
        return ticket.type
    types = tenants.find(tx.connection, ticket.tenant).settings.tickets.types
    return types[-1] if types else CALLBACK


def _quoted(tx: Transaction, ticket: Ticket, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """These lines of the log, as the second ticket quotes them. Raises Invalid for a line that there is not."""
    known = {line.n: line for line in log.lines(tx.connection, ticket, limit=100_000)}
    missing = sorted(set(numbers) - set(known))
    if missing:
        raise Invalid(f"The log of this ticket has no line {missing[0]}; it ends with {ticket.last_n}.")
    return [{"n": n, "kind": known[n].kind, "text": known[n].body.get("text", "")} for n in dict.fromkeys(numbers)]


def _note(tx: Transaction, agent: Agent, action: str, subject: Ticket, other: Ticket, context: Context) -> None:
    audit.record(
        tx,
        agent.tenant,
        actor=actor_of(agent),
        action=action,
        subject=subject.id,
        detail={"ticket": other.id},
        now=context.now,
    )
