"""API keys: made, rotated (two with the same name are valid meanwhile) and revoked; shown once, kept as a hash."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from handoff_service import audit
from handoff_service.callers import Caller
from handoff_service.conversations.change import Context
from handoff_service.database import Database, Transaction
from handoff_service.errors import Conflict, Forbidden, Invalid, Unauthorized
from handoff_service.ids import new_id, new_token, token_hash
from handoff_service.integrators import store
from handoff_service.integrators.store import USED_EVERY, ApiKey
from handoff_service.permissions import Permission
from handoff_service.tenants.wording import did_you_mean

PREFIX = "tdm."
MOST_VALID = 2  # with the same name: the one in use and its successor
# An integrator's key that could make accounts or keys would be as good as an owner.
NEVER = frozenset({Permission.AGENTS_MANAGE, Permission.ADMINS_MANAGE, Permission.INTEGRATIONS})
# What routes that take keys ask for, or show more with; any other permission opens nothing for a key.
OPENS = frozenset(
    {
        Permission.CONVERSATIONS_READ,
        Permission.CONVERSATIONS_ANSWER,
        Permission.CONVERSATIONS_SUPERVISE,
        Permission.COMPLAINTS_DECIDE,
        Permission.TICKETS_READ,
        Permission.AUDIT_READ,
        Permission.AGENTS_READ,
        Permission.SETTINGS_READ,
        Permission.SETTINGS_WRITE,
        Permission.CANNED_WRITE,
    }
)


def read_permissions(names: Iterable[str]) -> tuple[Permission, ...]:
    """Permissions by name. Raises Invalid for an unknown one, and for one that no key can have."""
    known, found = {str(one) for one in Permission}, []
    for name in names:
        if name not in known:
            raise Invalid(f"There is no permission {name!r}{did_you_mean(name, known)}")
        if Permission(name) in NEVER:
            raise Invalid(f"No API key can have the permission {name}: it is for people.")
        found.append(Permission(name))
    if not found:
        raise Invalid("A key needs at least one permission, such as conversations.read.")
    return tuple(sorted(set(found)))


def make(
    tx: Transaction, caller: Caller, *, name: str, permissions: Iterable[str], context: Context
) -> tuple[ApiKey, str]:
    """A new key and, this once, its text. Raises Invalid, Forbidden, Conflict."""
    wanted = read_permissions(permissions)
    for one in wanted:
        if one not in caller.permissions:
            raise Forbidden(f"You cannot give the permission {one}, which you do not have.")
    valid = store.valid(tx.connection, caller.tenant, name)
    if len(valid) >= MOST_VALID:
        old = ", ".join(key.id for key in valid)
        raise Conflict(f"{name} has {MOST_VALID} valid keys ({old}); revoke one first.")
    text = f"{PREFIX}{caller.tenant}.{new_token()}"
    key = ApiKey(
        tenant=caller.tenant,
        id=new_id("key"),
        name=name,
        hash=token_hash(text),
        permissions=wanted,
        created_by=caller.actor,
        created_at=context.now,
        last_used_at=None,
        revoked_at=None,
    )
    store.add(tx.connection, key)
    _record(tx, caller, "api_key_added", key, context)
    return key, text


def rotate(tx: Transaction, caller: Caller, key_id: str, context: Context) -> tuple[ApiKey, str]:
    """A successor with the same name and permissions; both are valid until the older one is revoked."""
    old = store.find(tx.connection, caller.tenant, key_id)
    if old.revoked_at is not None:
        raise Conflict(f"{key_id} is revoked; make a new key.", key=key_id)
    return make(tx, caller, name=old.name, permissions=map(str, old.permissions), context=context)


def revoke(tx: Transaction, caller: Caller, key_id: str, context: Context) -> ApiKey:
    """Ends a key at once. Raises NotFound."""
    key = store.find(tx.connection, caller.tenant, key_id)
    if key.revoked_at is None:
        store.revoke(tx.connection, caller.tenant, key_id, context.now)
        _record(tx, caller, "api_key_revoked", key, context)
    return store.find(tx.connection, caller.tenant, key_id)


def _record(tx: Transaction, caller: Caller, action: str, key: ApiKey, context: Context) -> None:
    detail = {"permissions": list(map(str, key.permissions))}
    audit.record(tx, caller.tenant, actor=caller.actor, action=action, subject=key.id, detail=detail, now=context.now)


async def caller_with(database: Database, text: str, now: datetime) -> Caller:
    """Who asks with this key. Raises Unauthorized, the same for a wrong, a revoked and an unknown one."""
    tenant = text.removeprefix(PREFIX).rpartition(".")[0]
    digest = token_hash(text)
    key = await database.read(lambda connection: store.by_hash(connection, tenant, digest))
    if key is None:
        raise Unauthorized("This API key is not valid.")
    if key.last_used_at is None or key.last_used_at < now - USED_EVERY:
        await database.write(lambda tx: store.used(tx.connection, key, now), durable=False)
    return Caller(key.tenant, f"key:{key.id}", frozenset(key.permissions))
