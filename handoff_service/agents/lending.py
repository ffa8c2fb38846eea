"""One pool of agents for many client companies: somebody's own account, and the accounts that clients know him by.

An agent who is lent has a row of his own in the client's tenant, with the queues, role and capacity that he has there,
and with `home_tenant` and `home_agent` of the account that he signs in to. So every query stays within one tenant, as
for everybody else: what he does, he does as the client's agent whom he names in the header X-Speaking-As. His capacity
is that of his own account, over all clients together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from handoff_service.agents import store
from handoff_service.agents.model import Agent
from handoff_service.errors import CapacityFull, Forbidden


def serving(connection: sa.Connection, home: Agent, client: str) -> Agent:
    """The agent as whom he speaks for a client. Raises Forbidden, the same for a tenant that does not exist."""
    known = store.known_as(connection, home.tenant, home.id)
    found = next((one for one in known if one.tenant == client), None)
    if found is None or found.disabled:
        raise Forbidden(f"You do not serve {client[:64]}.", tenant=client[:64])
    return found


def clients_of(connection: sa.Connection, agent: Agent) -> list[Agent]:
    """The accounts by which he is known, his own first, then those at his clients; disabled ones are left out."""
    return [one for one in store.known_as(connection, *home_of(agent)) if not one.disabled]


def home_of(agent: Agent) -> tuple[str, str]:
    """(tenant, id) of the account that he signs in to."""
    return agent.home_tenant or agent.tenant, agent.home_agent or agent.id


def with_what_is_left(connection: sa.Connection, agents: Sequence[Agent]) -> list[Agent]:
    """The same agents; those who are lent have no more capacity than they have left over all their clients."""
    lent = {home_of(one) for one in agents if one.home_tenant is not None}
    everywhere = store.known_as_each(connection, lent) if lent else {}
    return [_left(one, everywhere[home_of(one)]) if one.home_tenant is not None else one for one in agents]


def _left(agent: Agent, everywhere: Sequence[Agent]) -> Agent:
    own = next((one for one in everywhere if one.home_tenant is None), agent)
    left = max(0, own.capacity - sum(one.open for one in everywhere))
    return replace(agent, capacity=min(agent.capacity, agent.open + left))


def take_capacity(
    connection: sa.Connection, tenant: str, agent: str, now: datetime, *, load: int = 1, angry: bool = False
) -> None:
    """Counts one more conversation: at most as many as he may have here, and as his own account may have everywhere.

    Raises CapacityFull. The lock of his own account comes first: two clients do not both take his last place.
    """
    home = home_of(store.find(connection, tenant, agent))
    if home != (tenant, agent):
        store.lock(connection, *home)
    store.take_capacity(connection, tenant, agent, now, load=load, angry=angry)
    everywhere = store.known_as(connection, *home)
    own = next((one for one in everywhere if (one.tenant, one.id) == home), None)
    if own is not None and len(everywhere) > 1 and sum(one.open for one in everywhere) > own.capacity:
        raise CapacityFull(
            f"{own.name} may have {own.capacity} conversations over all clients; close or transfer one first.",
            agent=agent,
        )
