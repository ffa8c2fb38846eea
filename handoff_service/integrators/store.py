"""All SQL of API keys, and of the lists that integrators page through."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.conversations import store as conversations
from handoff_service.conversations.model import Conversation
from handoff_service.errors import NotFound
from handoff_service.permissions import Permission
from handoff_service.statements import Row, Statement

K = tables.api_keys.c
C = tables.conversations.c
# A key's row is not written with every request.
USED_EVERY = timedelta(minutes=1)

BY_HASH = Statement(
    sa.select(tables.api_keys).where(
        K.tenant == sa.bindparam("tenant"), K.hash == sa.bindparam("hash"), K.revoked_at.is_(None)
    )
)


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A key of an integrator; of the key itself only its hash is known. Up to two with the same name are valid."""

    tenant: str
    id: str
    name: str
    hash: str
    permissions: tuple[Permission, ...]
    created_by: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def _key(row: Row | sa.RowMapping) -> ApiKey:
    values: dict[str, Any] = {name: row[name] for name in ApiKey.__dataclass_fields__}
    # A permission that a later release has taken away gives nothing.
    known = tuple(Permission(name) for name in row["permissions"] if name in set(Permission))
    return ApiKey(**{**values, "permissions": known})


def by_hash(connection: sa.Connection, tenant: str, digest: str) -> ApiKey | None:
    """The valid key with this hash."""
    row = BY_HASH.first(connection, tenant=tenant, hash=digest)
    return _key(row) if row else None


def keys(connection: sa.Connection, tenant: str) -> list[ApiKey]:
    """All keys, revoked ones too, the oldest first."""
    query = sa.select(tables.api_keys).where(K.tenant == tenant).order_by(K.created_at, K.id)
    return [_key(row) for row in connection.execute(query).mappings()]


def find(connection: sa.Connection, tenant: str, key: str) -> ApiKey:
    """One key. Raises NotFound."""
    query = sa.select(tables.api_keys).where(K.tenant == tenant, K.id == key).with_for_update()
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(f"There is no API key {key}.", key=key)
    return _key(row)


def valid(connection: sa.Connection, tenant: str, name: str) -> list[ApiKey]:
    """The keys with this name that are not revoked."""
    return [key for key in keys(connection, tenant) if key.name == name and key.revoked_at is None]


def add(connection: sa.Connection, key: ApiKey) -> None:
    """Stores a new key."""
    values = {name: getattr(key, name) for name in ApiKey.__dataclass_fields__}
    connection.execute(sa.insert(tables.api_keys).values(**{**values, "permissions": list(key.permissions)}))


def revoke(connection: sa.Connection, tenant: str, key: str, now: datetime) -> None:
    """Ends a key at once."""
    where = (K.tenant == tenant, K.id == key)
    connection.execute(sa.update(tables.api_keys).where(*where).values(revoked_at=now))


def used(connection: sa.Connection, key: ApiKey, now: datetime) -> None:
    """Remembers, to about a minute, when a key was used last."""
    where = (K.tenant == key.tenant, K.id == key.id)
    connection.execute(sa.update(tables.api_keys).where(*where).values(last_used_at=now))


def changed_after(
    connection: sa.Connection, tenant: str, after: tuple[datetime, str] | None, *, limit: int
) -> list[Conversation]:
    """Conversations in the order of their last change, the longest unchanged first, from a place in it on."""
    query = sa.select(C.id).where(C.tenant == tenant)
    if after is not None:
        moment, last = after
        query = query.where(sa.or_(C.updated_at > moment, sa.and_(C.updated_at == moment, C.id > last)))
    ids = connection.execute(query.order_by(C.updated_at, C.id).limit(limit)).scalars().all()
    return [conversations.find(connection, tenant, one) for one in ids]
