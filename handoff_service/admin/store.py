"""All SQL of the administration of accounts: those that are disabled too, and what only an administrator changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent
from handoff_service.errors import NotFound

A = tables.agents.c
S = tables.agent_sessions.c


def accounts(connection: sa.Connection, tenant: str) -> list[Agent]:
    """All accounts of a tenant by name, disabled ones too."""
    ids = connection.execute(sa.select(A.id).where(A.tenant == tenant).order_by(A.name, A.id)).scalars().all()
    return [agents.find(connection, tenant, one) for one in ids]


def by_email(connection: sa.Connection, tenant: str, email: str) -> Agent | None:
    """The account with this address, disabled or not."""
    query = sa.select(A.id).where(A.tenant == tenant, A.email == email)
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else agents.find(connection, tenant, found)


def lock(connection: sa.Connection, tenant: str, agent: str) -> Agent:
    """The account, locked until the end of the transaction. Raises NotFound."""
    connection.execute(sa.select(A.id).where(A.tenant == tenant, A.id == agent).with_for_update())
    return agents.find(connection, tenant, agent)


def change(connection: sa.Connection, tenant: str, agent: str, **values: Any) -> None:
    """Replaces columns of an account. Raises NotFound."""
    where = (A.tenant == tenant, A.id == agent)
    if connection.execute(sa.update(tables.agents).where(*where).values(**values)).rowcount == 0:
        raise NotFound(f"There is no agent {agent}.", agent=agent)


def end_sessions(connection: sa.Connection, tenant: str, agent: str) -> int:
    """Ends every sign-in of an account; its sockets end when gateways look at them next. Returns how many."""
    where = (S.tenant == tenant, S.agent == agent)
    return connection.execute(sa.delete(tables.agent_sessions).where(*where)).rowcount


def enabled_with_role(connection: sa.Connection, tenant: str, role: str) -> int:
    """How many enabled accounts have this role."""
    query = sa.select(sa.func.count()).where(A.tenant == tenant, A.role == role, A.disabled.is_(False))
    return int(connection.execute(query).scalar_one())


def serving(connection: sa.Connection, tenant: str, queues: Sequence[str]) -> dict[str, list[str]]:
    """By queue, the addresses of the enabled agents who serve one of these queues."""
    found: dict[str, list[str]] = {}
    for one in accounts(connection, tenant):
        for queue in set(one.queues) & set(queues):
            if not one.disabled:
                found.setdefault(queue, []).append(one.email)
    return found
