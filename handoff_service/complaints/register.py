"""The register: entering a complaint, classifying it, adding evidence, and what a threat or a low rating sets off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent, Role
from handoff_service.complaints import store
from handoff_service.complaints.model import Complaint, guessed_category
from handoff_service.complaints.settings import AGENT, Choice
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation
from handoff_service.database import Transaction
from handoff_service.errors import Conflict, Invalid
from handoff_service.files import store as files
from handoff_service.handoffs import store as handoffs
from handoff_service.permissions import Permission, holds
from handoff_service.tenants import store as tenants
from handoff_service.texts import say
from handoff_service.tickets import log
from handoff_service.tickets import store as tickets
from handoff_service.tickets.log import SYSTEM, By, by_agent, record
from handoff_service.tickets.model import URGENT, Deed, Source, State, Ticket
from handoff_service.tickets.open import open_work
from handoff_service.tickets.settings import COMPLAINT
from handoff_service.tickets.states import UNFINISHED

PRIORITY, ABOUT_AGENT_PRIORITY = 6, 7
LEAVES = "leave"  # says that he will not come back: sad, and nothing to answer within working hours
KINDS = ("order_number", "pictures", "statement")
MOST_EVIDENCE = 50


def file_complaint(
    tx: Transaction,
    tenant: str,
    *,
    subject: str,
    source: Source,
    context: Context,
    conversation: Conversation | None = None,
    contact: str | None = None,
    actor: str = SYSTEM,
    category: str | None = None,
    wanted: str = "",
    about_agent: str | None = None,
    threat: str | None = None,
    priority: int | None = None,
    **parts: Any,
) -> Ticket:
    """Opens the ticket of a complaint, due after the tenant's working hours for an answer, and enters it.

    One about an agent goes to a supervisor and is not shown to that agent. Raises Invalid, which names what there is.
    """
    rules = tenants.find(tx.connection, tenant).settings.complaints
    words = " ".join([subject, *(str(value) for value in (parts.get("fields") or {}).values())])
    chosen = category or guessed_category(rules, words)
    check_choice("category", rules.categories, chosen)
    if chosen == AGENT and about_agent is None and conversation is not None:
        about_agent = serving_agent(tx.connection, conversation)
    if about_agent is not None:
        agents.find(tx.connection, tenant, about_agent)
        parts = {**parts, "agent": _decider(tx, tenant, about_agent, context), "tier": 2}
    usual = ABOUT_AGENT_PRIORITY if about_agent else PRIORITY
    ticket = open_work(
        tx,
        tenant,
        type=COMPLAINT,
        subject=subject,
        source=source,
        actor=actor,
        context=context,
        conversation=conversation,
        contact=contact,
        priority=max(usual, URGENT if threat else 0) if priority is None else priority,
        about_agent=about_agent,
        **parts,
    )
    wanted = wanted or str((ticket.fields or {}).get("wish", ""))
    return enter(tx, ticket, category=chosen, wanted=wanted, threat=threat, actor=actor, context=context)


def enter(
    tx: Transaction,
    ticket: Ticket,
    *,
    category: str,
    wanted: str,
    actor: str,
    context: Context,
    threat: str | None = None,
) -> Ticket:
    """Enters an open ticket of the type complaint into the register."""
    complaint = Complaint(
        tenant=ticket.tenant,
        ticket=ticket.id,
        category=category,
        threat=threat,
        wanted=wanted[:2000],
        filed_at=context.now,
    )
    store.add(tx.connection, complaint)
    body = {"kind": category, **({"threat": threat} if threat else {})}
    return record(tx, ticket, Deed.FILED, By(actor, context.now), body=body)


def check_choice(part: str, choices: Sequence[Choice], name: str) -> None:
    """Raises Invalid for a name that the tenant has not listed, and says which there are."""
    known = [one.id for one in choices]
    if name not in known:
        raise Invalid(f"There is no {part} {name[:40]!r}; there are {', '.join(known)}.")


def choose_decider(people: Sequence[Agent], connected: set[str], about: str | None) -> str | None:
    """Who decides on a complaint about an agent: somebody at his desk first, never that agent himself. Pure."""
    able = [one for one in people if holds(one, Permission.COMPLAINTS_DECIDE) and one.id != about]
    order = sorted(able, key=lambda one: (one.id not in connected, one.role is not Role.SUPERVISOR, one.open, one.id))
    return order[0].id if order else None


def _decider(tx: Transaction, tenant: str, about: str, context: Context) -> str | None:
    people = agents.everyone(tx.connection, tenant)
    return choose_decider(people, agents.connected(tx.connection, tenant, context.now), about)


def _about_whom(tx: Transaction, ticket: Ticket, category: str | None, context: Context) -> dict[str, Any]:
    """What changes in a ticket that turns out to be about an agent: he sees it no more, a supervisor has it."""
    if category != AGENT or ticket.about_agent is not None or not ticket.conversation:
        return {}
    about = serving_agent(tx.connection, conversations.find(tx.connection, ticket.tenant, ticket.conversation))
    if about is None:
        return {}
    changes = {"about_agent": about, "tier": 2, "priority": max(ticket.priority, ABOUT_AGENT_PRIORITY)}
    holder = agents.find(tx.connection, ticket.tenant, ticket.agent) if ticket.agent else None
    if holder is None or holder.id == about or not holds(holder, Permission.COMPLAINTS_DECIDE):
        changes["agent"] = _decider(tx, ticket.tenant, about, context)
    return changes


def _opened_without_owner(tx: Transaction, ticket: Ticket, context: Context) -> Ticket:
    """Nobody can decide on it: it is open until somebody can."""
    if ticket.agent is not None or ticket.state is not State.IN_PROGRESS:
        return ticket
    return record(tx, ticket, Deed.RELEASED, By(SYSTEM, context.now), to=State.OPEN, agent=None)


def serving_agent(connection: sa.Connection, conversation: Conversation) -> str | None:
    """The agent who serves the customer, or served him last in this conversation."""
    if conversation.owner.agent is not None:
        return conversation.owner.agent
    asked = handoffs.of_conversation(connection, conversation.tenant, conversation.id)
    served = [one for one in asked if one.accepted_by]
    return max(served, key=lambda one: one.requested_at).accepted_by if served else None


def classify(
    tx: Transaction, agent: Agent, ticket: Ticket, context: Context, *, category: str | None, cause: str | None
) -> Ticket:
    """Says what it is about and what it came from. Raises Invalid for what the tenant has not listed."""
    complaint = store.find(tx.connection, ticket.tenant, ticket.id)
    rules = tenants.find(tx.connection, ticket.tenant).settings.complaints
    changes: dict[str, Any] = {}
    if category is not None:
        check_choice("category", rules.categories, category)
        changes["category"] = category
    if cause is not None:
        check_choice("cause", rules.causes, cause)
        changes["cause"] = cause
    if not changes:
        raise Invalid("Name a `category`, a `cause` or both.")
    store.update(tx.connection, complaint, **changes)
    about = _about_whom(tx, ticket, category, context)
    ticket = record(tx, ticket, Deed.CLASSIFIED, by_agent(agent, context), body=changes, **about)
    return _opened_without_owner(tx, ticket, context)


def add_evidence(
    tx: Transaction, agent: Agent, ticket: Ticket, context: Context, *, kind: str, value: str, file: str | None
) -> Ticket:
    """Adds a piece of evidence: a value, or a file of this customer. Raises Invalid, NotFound, Conflict."""
    complaint = store.find(tx.connection, ticket.tenant, ticket.id)
    if kind not in KINDS:
        raise Invalid(f"There is no kind of evidence {kind[:40]!r}; there are {', '.join(KINDS)}.")
    if (file is None) == (not value.strip()):
        raise Invalid("A piece of evidence is either a `value` or a `file`.")
    if len(complaint.evidence) >= MOST_EVIDENCE:
        raise Conflict(f"This complaint has {MOST_EVIDENCE} pieces of evidence; that is the most.")
    piece: dict[str, Any] = {"kind": kind}
    if file is not None:
        found = files.find(tx.connection, ticket.tenant, file)
        if found.contact != ticket.contact:
            raise Invalid("This file belongs to another customer.")
        piece |= {"file": found.id, "name": found.name}
        log.add_file(tx.connection, ticket, found.id, actor=f"agent:{agent.id}", audience=log.INTERNAL, now=context.now)
    else:
        piece["value"] = value.strip()[:500]
    store.update(tx.connection, complaint, evidence=[*complaint.evidence, piece])
    return record(tx, ticket, Deed.EVIDENCE, by_agent(agent, context), body=piece)


def on_threat(tx: Transaction, conversation: Conversation, evidence: Mapping[str, Any], context: Context) -> None:
    """The customer says that he will report us: his open complaint becomes urgent, or one is opened.

    `evidence` is the bot's: {"threat": kind, "words"}; `category` where it tells one, such as the agent who is told so.
    Nothing happens without a threat in it, nor for one to leave.
    """
    rules = tenants.find(tx.connection, conversation.tenant).settings.complaints
    category = str(evidence.get("category", ""))
    threat = evidence.get("threat")
    if not isinstance(threat, str) or not threat or threat == LEAVES:
        return
    words = str(evidence.get("words", ""))[:80]
    before = [
        one
        for one in tickets.of_contact(tx.connection, conversation.tenant, conversation.contact)
        if one.type == COMPLAINT and one.state in UNFINISHED
    ]
    if not before:
        subject = say("threat_subject", conversation.language, words=words or threat)
        file_complaint(
            tx,
            conversation.tenant,
            subject=subject,
            source=Source.COMPLAINT,
            context=context,
            conversation=conversation,
            category=category if rules.category(category) is not None else None,
            threat=threat[:40],
            fields={"words": words} if words else {},
        )
        return
    ticket = tickets.find(tx.connection, conversation.tenant, before[-1].id, None, lock=True)
    complaint = store.of_tickets(tx.connection, ticket.tenant, [ticket.id]).get(ticket.id)
    if complaint is not None:
        store.update(tx.connection, complaint, threat=threat[:40])
    urgent = max(ticket.priority, URGENT)
    log.link(tx.connection, ticket, conversation.id, context.now)
    body = {"kind": threat[:40], "words": words, "conversation": conversation.id}
    record(tx, ticket, Deed.THREATENED, By(SYSTEM, context.now), body=body, priority=urgent)


def on_rating(tx: Transaction, conversation: Conversation, score: int, comment: str, context: Context) -> None:
    """A low rating of somebody's work is put before a supervisor, as a complaint about that agent."""
    rules = tenants.find(tx.connection, conversation.tenant).settings.complaints
    agent = serving_agent(tx.connection, conversation) if score <= rules.low_rating else None
    if agent is None or rules.category(AGENT) is None:
        return
    file_complaint(
        tx,
        conversation.tenant,
        subject=comment or say("low_rating_subject", conversation.language, score=str(score)),
        source=Source.RATING,
        context=context,
        conversation=conversation,
        category=AGENT,
        about_agent=agent,
        priority=PRIORITY,
        fields={"score": str(score)},
    )


def as_complaint(
    tx: Transaction, agent: Agent, ticket: Ticket, context: Context, *, category: str | None, wanted: str
) -> Ticket:
    """Makes an open ticket of another type a complaint; a promise stays one. Raises Conflict, Invalid."""
    if ticket.type == COMPLAINT or ticket.is_promise or ticket.state not in UNFINISHED:
        raise Conflict("Only an open ticket that is neither a complaint nor a promise can become a complaint.")
    rules = tenants.find(tx.connection, ticket.tenant).settings.complaints
    chosen = category or guessed_category(rules, ticket.subject)
    check_choice("category", rules.categories, chosen)
    parts = {"priority": max(ticket.priority, PRIORITY), **_about_whom(tx, ticket, chosen, context)}
    actor = f"agent:{agent.id}"
    body = {"type": COMPLAINT, "was": ticket.type}
    changed = record(tx, ticket, Deed.CHANGED, By(actor, context.now), body=body, type=COMPLAINT, **parts)
    changed = _opened_without_owner(tx, changed, context)
    return enter(tx, changed, category=chosen, wanted=wanted, actor=actor, context=context)
