"""All SQL of tenants."""

from __future__ import annotations

import json
from functools import lru_cache

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.errors import NotFound
from handoff_service.statements import Statement
from handoff_service.tenants import stored
from handoff_service.tenants.model import Tenant, TenantSettings
from handoff_service.tenants.usable import usable

T = tables.tenants.c

# The settings as the text that they are stored as, which is parsed once however often it is read.
EVERYONE = sa.select(T.id, T.name, sa.cast(T.settings, sa.Text).label("settings")).order_by(T.id)
FIND = EVERYONE.where(T.id == sa.bindparam("tenant"))
READ = Statement(FIND)
ANOTHER = Statement(sa.select(sa.func.min(T.id).label("id")).where(T.id != sa.bindparam("tenant")))
# Not the key: what others add to a tenant meanwhile refers to that, and need not wait.
LOCK = FIND.with_for_update(key_share=True)


def find(connection: sa.Connection, tenant: str) -> Tenant:
    """The tenant. Raises NotFound."""
    row = READ.first(connection, tenant=tenant)
    if row is None:
        raise NotFound(f"There is no tenant {tenant}.", tenant=tenant)
    return _tenant(row["id"], row["name"], row["settings"])


def lock(connection: sa.Connection, tenant: str) -> Tenant:
    """The tenant, locked until the end of the transaction: for whoever writes settings that he has read before.

    It comes before the lock of any account. Raises NotFound.
    """
    row = connection.execute(LOCK, {"tenant": tenant}).first()
    if row is None:
        raise NotFound(f"There is no tenant {tenant}.", tenant=tenant)
    return _tenant(row.id, row.name, row.settings)


def is_of_shop(connection: sa.Connection, tenant: str, listed: str) -> bool:
    """Whether this tenant's customers are the shop's: those of TANDEM_SHOP_TENANTS (`listed`), or the only tenant.

    Where this does not hold nobody asks the shop, and nothing that the shop has signed counts.
    """
    names = [name.strip() for name in listed.split(",") if name.strip()]
    if names:
        return tenant in names
    other = ANOTHER.first(connection, tenant=tenant)
    return other is None or other["id"] is None


def everyone(connection: sa.Connection) -> list[Tenant]:
    """All tenants."""
    return [_tenant(row.id, row.name, row.settings) for row in connection.execute(EVERYONE)]


@lru_cache(maxsize=1024)
def _tenant(tenant: str, name: str, settings: str) -> Tenant:
    known = usable(stored.known(TenantSettings, json.loads(settings)))
    return Tenant(id=tenant, name=name, settings=TenantSettings.model_validate(known))


def save(connection: sa.Connection, tenant: Tenant) -> None:
    """Adds or replaces a tenant; what is not set is left out, because release 0.1 refuses what it does not know.

    What a newer release has stored beside that stays.
    """
    settings = tenant.settings.model_dump(mode="json", exclude_none=True)
    before = connection.execute(FIND, {"tenant": tenant.id}).first()
    if before is not None:
        settings = stored.kept(TenantSettings, settings, json.loads(before.settings))
    values = {"name": tenant.name, "settings": settings}
    if connection.execute(sa.update(tables.tenants).where(T.id == tenant.id).values(**values)).rowcount == 0:
        connection.execute(sa.insert(tables.tenants).values(id=tenant.id, **values))
