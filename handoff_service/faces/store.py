"""All SQL of agents' pictures."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.errors import NotFound
from handoff_service.ids import new_id
from handoff_service.statements import Statement

P = tables.agent_pictures.c

A = tables.agents.c
# Of every status that a served customer is sent.
NAMED = Statement(
    sa.select(A.name, P.picture)
    .select_from(tables.agents.outerjoin(tables.agent_pictures, sa.and_(P.tenant == A.tenant, P.agent == A.id)))
    .where(A.tenant == sa.bindparam("of_tenant"), A.id == sa.bindparam("of_agent"), A.disabled.is_(False))
)


def address(tenant: str, picture: str) -> str:
    """Where a picture can be read, on the gateway; it never changes what it shows."""
    return f"/v1/pictures/{tenant}/{picture}"


def shown(connection: sa.Connection, tenant: str, agent: str) -> dict[str, Any]:
    """An agent as customers see him: {"id", "name"}, and the address of his picture if he has one."""
    row = NAMED.first(connection, of_tenant=tenant, of_agent=agent)
    if row is None:
        return {"id": agent, "name": ""}
    picture = {} if row["picture"] is None else {"picture": address(tenant, row["picture"])}
    return {"id": agent, "name": row["name"], **picture}


def replace(connection: sa.Connection, tenant: str, agent: str, *, kind: str, content: bytes, now: datetime) -> str:
    """Gives an agent this picture and no other. Returns its address."""
    forget(connection, tenant, agent)
    picture = new_id("p")
    row = {"tenant": tenant, "agent": agent, "picture": picture, "type": kind, "changed_at": now}
    connection.execute(sa.insert(tables.agent_pictures).values(**row, content=base64.b64encode(content).decode()))
    return address(tenant, picture)


def forget(connection: sa.Connection, tenant: str, agent: str) -> None:
    """Takes an agent's picture away."""
    connection.execute(sa.delete(tables.agent_pictures).where(P.tenant == tenant, P.agent == agent))


def read(connection: sa.Connection, tenant: str, picture: str) -> tuple[str, bytes]:
    """(type, bytes) of a picture. Raises NotFound."""
    row = connection.execute(sa.select(P.type, P.content).where(P.tenant == tenant, P.picture == picture)).first()
    if row is None:
        raise NotFound(f"There is no picture {picture[:64]}.")
    return row.type, base64.b64decode(row.content)
