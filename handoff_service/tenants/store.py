"""All SQL of tenants."""

from __future__ import annotations

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.errors import NotFound
from handoff_service.tenants.model import Tenant, TenantSettings

T = tables.tenants.c


def find(connection: sa.Connection, tenant: str) -> Tenant:
    """The tenant. Raises NotFound."""
    row = connection.execute(sa.select(tables.tenants).where(T.id == tenant)).mappings().first()
    if row is None:
        raise NotFound(f"There is no tenant {tenant}.", tenant=tenant)
    return Tenant(id=row["id"], name=row["name"], settings=TenantSettings.model_validate(row["settings"]))


def everyone(connection: sa.Connection) -> list[Tenant]:
    """All tenants."""
    return [
        Tenant(id=row.id, name=row.name, settings=TenantSettings.model_validate(row.settings))
        for row in connection.execute(sa.select(tables.tenants).order_by(T.id))
    ]


def save(connection: sa.Connection, tenant: Tenant) -> None:
    """Adds or replaces a tenant."""
    values = {"name": tenant.name, "settings": tenant.settings.model_dump(mode="json")}
    if connection.execute(sa.update(tables.tenants).where(T.id == tenant.id).values(**values)).rowcount == 0:
        connection.execute(sa.insert(tables.tenants).values(id=tenant.id, **values))
