"""All SQL of agents' pictures."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.errors import NotFound
from handoff_service.ids import new_id
from handoff_service.statements import Statement

P = tables.agent_pictures.c

# Of every status that a served customer is sent.
NAMED = Statement(sa.select(P.picture).where(P.tenant == sa.bindparam("tenant"), P.agent == sa.bindparam("agent")))


def address(tenant: str, picture: str) -> str:
    """Where a picture can be read, on the gateway; it never changes what it shows."""
    return f"/v1/pictures/{tenant}/{picture}"


def with_picture(connection: sa.Connection, tenant: str, owner: dict[str, Any]) -> dict[str, Any]:
    """The owner, his agent with the address of his picture if he has one."""
    agent: Mapping[str, Any] | None = owner["agent"]
    if agent is None:
        return owner
    row = NAMED.first(connection, tenant=tenant, agent=agent["id"])
    return owner if row is None else {**owner, "agent": {**agent, "picture": address(tenant, row["picture"])}}


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
