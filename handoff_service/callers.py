"""Who changes something: an agent, an integrator's key, or somebody at the machine; each with what he may."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa

from handoff_service.agents.model import Agent
from handoff_service.errors import Forbidden
from handoff_service.permissions import PERMISSIONS, Permission, refusal
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import TenantSettings


@dataclass(frozen=True)
class Caller:
    """`actor` is what the audit says of him: `agent:<id>`, `key:<id>` or `operator`. Everything is within `tenant`."""

    tenant: str
    actor: str
    permissions: frozenset[Permission] = field(default_factory=frozenset)
    agent: Agent | None = None

    def require(self, permission: Permission) -> None:
        """Raises Forbidden unless he may."""
        if permission not in self.permissions:
            raise Forbidden(refusal(permission))

    def is_agent(self, agent: str) -> bool:
        """Whether this is the agent with this id."""
        return self.agent is not None and self.agent.id == agent

    def settings(self, connection: sa.Connection) -> TenantSettings:
        """Those of his tenant."""
        return tenants.find(connection, self.tenant).settings


def caller_of(agent: Agent) -> Caller:
    """An agent as a caller."""
    return Caller(agent.tenant, f"agent:{agent.id}", PERMISSIONS[agent.role], agent)


def operator(tenant: str) -> Caller:
    """Somebody with a shell on the machine: he may everything, and the audit says that it was he."""
    return Caller(tenant, "operator", frozenset(Permission))
