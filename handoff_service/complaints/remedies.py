"""Remedies: what is offered to a customer, up to a limit for each role, and beyond it only with another's approval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from handoff_service import audit
from handoff_service.agents.model import Agent
from handoff_service.channels import contacts
from handoff_service.complaints import store
from handoff_service.complaints.model import Remedy, RemedyState, check_remedy, found_evidence
from handoff_service.complaints.register import check_choice
from handoff_service.complaints.settings import ComplaintSettings
from handoff_service.complaints.view import timelines
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.errors import Conflict, Forbidden, Invalid
from handoff_service.handoffs.facts import facts_in
from handoff_service.ids import new_id
from handoff_service.permissions import Permission, require
from handoff_service.tenants import store as tenants
from handoff_service.tickets import store as tickets
from handoff_service.tickets.log import by_agent, record
from handoff_service.tickets.model import Deed, Ticket
from handoff_service.tickets.states import UNFINISHED
from handoff_service.tickets.words import words_of

LARGEST = 10**12
MOST = 20
NOTE_CHARS = 500


def needs_approval(rules: ComplaintSettings, agent: Agent, amount: int, before: Sequence[Remedy]) -> bool:
    """Whether the agent may not grant this by himself. Pure.

    `before`: what counts for the limit already (`_before`). Many small remedies are one large one; what costs nothing,
    such as an apology, is free for everybody.
    """
    granted = sum(one.amount for one in before if one.state is not RemedyState.REFUSED)
    return amount > 0 and granted + amount > rules.limit(agent.role)


def propose(
    tx: Transaction, agent: Agent, ticket: Ticket, context: Context, *, kind: str, amount: int, note: str
) -> tuple[Ticket, Remedy]:
    """Adds a remedy: approved at once within the agent's limit, else it waits for somebody who may.

    Raises Invalid for a kind or an amount that there is not, Conflict for a ticket that has ended or has too many.
    """
    store.find(tx.connection, ticket.tenant, ticket.id)
    rules = tenants.find(tx.connection, ticket.tenant).settings.complaints
    check_choice("remedy", rules.remedies, kind)
    if not 0 <= amount <= LARGEST:
        raise Invalid(f"An amount is in hundredths of {rules.currency}, from 0 to {LARGEST}; it is {amount}.")
    if ticket.state not in UNFINISHED:
        raise Conflict(f"The complaint is {ticket.state}; reopen it before offering something.", state=ticket.state)
    if len(store.remedies(tx.connection, ticket.tenant, tickets.family(tx.connection, ticket))) >= MOST:
        raise Conflict(f"This complaint has {MOST} remedies; that is the most.")
    waits = needs_approval(rules, agent, amount, _before(tx, ticket, rules, context))
    remedy = Remedy(
        tenant=ticket.tenant,
        id=new_id("r"),
        ticket=ticket.id,
        kind=kind,
        amount=amount,
        note=note.strip()[:NOTE_CHARS],
        state=RemedyState.PROPOSED if waits else RemedyState.APPROVED,
        proposed_by=agent.id,
        proposed_at=context.now,
        decided_by=None if waits else agent.id,
        decided_at=None if waits else context.now,
    )
    store.add_remedy(tx.connection, remedy)
    return _written(tx, agent, ticket, remedy, context), remedy


def decide(
    tx: Transaction, agent: Agent, ticket: Ticket, remedy_id: str, context: Context, *, approve: bool
) -> tuple[Ticket, Remedy]:
    """Approves or refuses what waits; who proposed it may only take it back. Raises Forbidden, IllegalTransition.

    Refusing also takes back what was approved and is not done.
    """
    remedy = store.find_remedy(tx.connection, ticket.tenant, tickets.family(tx.connection, ticket), remedy_id)
    to = RemedyState.APPROVED if approve else RemedyState.REFUSED
    check_remedy(remedy, to)
    own = remedy.proposed_by == agent.id
    if own and approve:
        raise Forbidden("You have proposed this remedy yourself; somebody else approves it.", remedy=remedy.id)
    if not own:
        require(agent, Permission.COMPLAINTS_DECIDE)
    if approve:
        _check_limit(tx, agent, ticket, remedy, context)
    decided = replace(remedy, state=to, decided_by=agent.id, decided_at=context.now)
    parts = {"state": to, "decided_by": agent.id, "decided_at": context.now}
    store.update_remedy(tx.connection, remedy, **parts)
    return _written(tx, agent, ticket, decided, context), decided


def _check_limit(tx: Transaction, agent: Agent, ticket: Ticket, remedy: Remedy, context: Context) -> None:
    rules = tenants.find(tx.connection, ticket.tenant).settings.complaints
    others = [one for one in _before(tx, ticket, rules, context) if one.id != remedy.id]
    granted = [one for one in others if one.state in (RemedyState.APPROVED, RemedyState.DONE)]
    if needs_approval(rules, agent, remedy.amount, granted):
        able = [str(role) for role, most in rules.limits.items() if most > rules.limit(agent.role)]
        raise Forbidden(
            f"This is beyond the limit of the role {agent.role} ({rules.limit(agent.role)} hundredths of "
            f"{rules.currency} for one customer within {rules.limit_days} days and for one order; "
            f"{sum(one.amount for one in granted)} are granted); ask: {', '.join(able) or 'nobody has a higher one'}.",
            remedy=remedy.id,
        )


def _before(tx: Transaction, ticket: Ticket, rules: ComplaintSettings, context: Context) -> list[Remedy]:
    """What counts for a limit: the remedies of this complaint, of this person lately, and of the same order ever.

    Whoever files the same trouble twice would have twice the limit otherwise. The person's rows are locked, then the
    orders, so that of two complaints at the same time each knows what the other has got.
    """
    person = contacts.lock_person(tx.connection, ticket.tenant, ticket.contact) if ticket.contact else []
    mine = store.remedies(tx.connection, ticket.tenant, tickets.family(tx.connection, ticket))
    since = context.now - timedelta(days=rules.limit_days)
    words = words_of(*_orders(tx, ticket))
    tickets.note_orders(tx.connection, ticket, words)
    others = store.remedies_before(tx.connection, ticket.tenant, contacts=person, since=since, words=words)
    return list({one.id: one for one in [*mine, *others]}.values())


def _orders(tx: Transaction, ticket: Ticket) -> list[str]:
    """The order numbers that a complaint is about: in its evidence, in what was written, in its subject and fields."""
    complaint = store.find(tx.connection, ticket.tenant, ticket.id)
    evidence = [*complaint.evidence, *found_evidence(timelines(tx.connection, ticket))]
    written = " ".join([ticket.subject, *(str(value) for value in (ticket.fields or {}).values())])
    told = [value for kind, value in facts_in(written) if kind == "order_number"]
    return [str(one["value"]) for one in evidence if one["kind"] == "order_number" and "value" in one] + told


def carry_out(tx: Transaction, agent: Agent, ticket: Ticket, remedy_id: str, context: Context) -> tuple[Ticket, Remedy]:
    """Notes that the customer has got it. Raises IllegalTransition for what is not approved."""
    remedy = store.find_remedy(tx.connection, ticket.tenant, tickets.family(tx.connection, ticket), remedy_id)
    check_remedy(remedy, RemedyState.DONE)
    done = replace(remedy, state=RemedyState.DONE, done_at=context.now)
    store.update_remedy(tx.connection, remedy, state=RemedyState.DONE, done_at=context.now)
    return _written(tx, agent, ticket, done, context), done


def _written(tx: Transaction, agent: Agent, ticket: Ticket, remedy: Remedy, context: Context) -> Ticket:
    """A line of the ticket's log and of the audit."""
    body = {"remedy": remedy.id, "kind": remedy.kind, "amount": remedy.amount, "state": remedy.state}
    audit.record(
        tx,
        ticket.tenant,
        actor=f"agent:{agent.id}",
        action=f"remedy_{remedy.state}",
        subject=ticket.id,
        detail={"remedy": remedy.id, "amount": remedy.amount},
        now=context.now,
    )
    return record(tx, ticket, Deed.REMEDY, by_agent(agent, context), body=body)
