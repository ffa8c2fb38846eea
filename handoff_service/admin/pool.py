"""Lending an agent to a client company: an account there that he reaches from his own (see agents/lending.py)."""

from __future__ import annotations

from handoff_service import audit
from handoff_service.admin import people
from handoff_service.admin.people import Account
from handoff_service.agents import store as agents
from handoff_service.agents.lending import home_of
from handoff_service.agents.model import Agent
from handoff_service.callers import Caller
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.errors import Conflict, Forbidden, NotFound
from handoff_service.permissions import Permission, holds, refusal


def lend(tx: Transaction, caller: Caller, home: Agent, terms: Account, password_hash: str, context: Context) -> Agent:
    """The account by which the caller's tenant knows an agent of another one, with the terms that it gives him.

    Its password opens nothing: he signs in at home.

    Raises Invalid, Forbidden, and Conflict when he is lent already or has an account of his own there.
    """
    if home.home_tenant is not None or home.disabled or home.tenant == caller.tenant:
        raise Conflict(
            f"{home.email} of {home.tenant} has no account of his own there that could be lent.", agent=home.id
        )
    added = people.add(tx, caller, terms, password_hash, context)
    agents.change(tx.connection, caller.tenant, added.id, home_tenant=home.tenant, home_agent=home.id)
    for tenant, subject in ((caller.tenant, added.id), (home.tenant, home.id)):
        detail = {"from": home.tenant, "to": caller.tenant}
        audit.record(
            tx, tenant, actor=caller.actor, action="agent_lent", subject=subject, detail=detail, now=context.now
        )
    return agents.find(tx.connection, caller.tenant, added.id)


def colleague_of(tx: Transaction, caller: Caller, agent_id: str) -> Agent:
    """An agent of the pool that the caller himself comes from. Raises Forbidden and NotFound.

    Only who manages accounts on both sides may lend: the client has let him in, the pool has made him its manager.
    """
    if caller.agent is None or caller.agent.home_tenant is None:
        raise Forbidden("Only somebody who is lent to this tenant himself can lend it colleagues.")
    own = agents.find(tx.connection, *home_of(caller.agent))
    if not holds(own, Permission.AGENTS_MANAGE):
        raise Forbidden(f"In {own.tenant}: {refusal(Permission.AGENTS_MANAGE)}")
    try:
        return agents.find(tx.connection, own.tenant, agent_id)
    except NotFound as error:
        raise NotFound(f"{own.tenant} has no agent {agent_id[:64]}.", agent=agent_id[:64]) from error
