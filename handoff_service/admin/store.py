"""Looking for accounts as administrators do: those that are disabled too; agents/store.py changes them."""

from __future__ import annotations

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent

A = tables.agents.c


def accounts(connection: sa.Connection, tenant: str) -> list[Agent]:
    """All accounts of a tenant by name, disabled ones too."""
    return agents.all_accounts(connection, tenant)


def by_email(connection: sa.Connection, tenant: str, email: str) -> Agent | None:
    """The account with this address, disabled or not."""
    query = sa.select(A.id).where(A.tenant == tenant, A.email == email)
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else agents.find(connection, tenant, found)


def lock(connection: sa.Connection, tenant: str, agent: str) -> Agent:
    """The account, locked until the end of the transaction. Raises NotFound."""
    agents.lock(connection, tenant, agent)
    return agents.find(connection, tenant, agent)


def able_with_role(connection: sa.Connection, tenant: str, role: str) -> list[str]:
    """The enabled accounts with this role to which somebody can sign in: who is lent, at home."""
    home = tables.agents.alias("home")
    own = sa.and_(
        home.c.tenant == sa.func.coalesce(A.home_tenant, A.tenant), home.c.id == sa.func.coalesce(A.home_agent, A.id)
    )
    query = sa.select(A.id).join(home, own).where(A.tenant == tenant, A.role == role, A.disabled.is_(False))
    able = (home.c.disabled.is_(False), home.c.password_hash != agents.NO_PASSWORD)
    return list(connection.execute(query.where(*able).order_by(A.id)).scalars())
