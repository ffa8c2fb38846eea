"""Which calls are for an agent, by the queue, its mode and his role."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from handoff_service.agents.model import Agent
from handoff_service.calls import store
from handoff_service.calls.model import Call, Rung, concerns, this_wait
from handoff_service.permissions import Permission, holds
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant


def mode_of(tenant: Tenant, queue: str | None) -> str:
    """`claim` or `offer`; a queue that was taken away is claimed by hand."""
    found = tenant.settings.queue(queue or "")
    return found.mode if found else "claim"


def is_for(call: Call, agent: Agent, tenant: Tenant, queue: str) -> bool:
    """Whether a call to a handoff of this queue is for the agent."""
    return concerns(
        call,
        agent=agent.id,
        serves=queue in agent.queues and holds(agent, Permission.CONVERSATIONS_ANSWER),
        supervises=holds(agent, Permission.CONVERSATIONS_SUPERVISE),
        mode=mode_of(tenant, queue),
    )


def last_for(calls: Sequence[Call], agent: Agent, tenant: Tenant, queue: str) -> Call | None:
    """The last call of this wait for the agent."""
    return next((call for call in reversed(this_wait(calls)) if is_for(call, agent, tenant, queue)), None)


def may_claim_offered(connection: sa.Connection, agent: Agent, handoff: str, queue: str) -> bool:
    """Whether he may take what is offered to a colleague: the whole team, or the supervisor, was called to it."""
    calls = store.of_handoff(connection, agent.tenant, handoff)
    last = last_for(calls, agent, tenants.find(connection, agent.tenant), queue)
    return last is not None and last.rung in (Rung.TEAM, Rung.SUPERVISOR)
