"""HTTP of API keys, for those who manage integrations; no key can manage keys."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from handoff_service.access import Access
from handoff_service.callers import Caller
from handoff_service.changes import Changing, IdempotencyKey
from handoff_service.clock import iso
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.inputs import Plain
from handoff_service.integrators import keys, store
from handoff_service.integrators.store import ApiKey
from handoff_service.permissions import Permission
from handoff_service.service import Service


class NewKey(BaseModel):
    """`name` says whose it is; up to two keys with the same name are valid, for a change without a break."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Plain = Field(min_length=1, max_length=80)
    permissions: list[Plain] = Field(min_length=1, max_length=40)


def shown(key: ApiKey) -> dict[str, Any]:
    """A key as those see it who manage it; the key itself nobody sees."""
    return {
        **{name: getattr(key, name) for name in ("id", "name", "created_by")},
        "permissions": list(key.permissions),
        **{name: iso(getattr(key, name)) for name in ("created_at", "last_used_at", "revoked_at")},
    }


def router(service: Service) -> APIRouter:
    routes = APIRouter(prefix="/v1/admin/api-keys")
    access, changing = Access(service), Changing(service)
    ManagerNow = Annotated[Caller, Depends(access.calls(Permission.INTEGRATIONS))]

    @routes.get("")
    async def listed(caller: ManagerNow) -> dict[str, Any]:
        """All keys, revoked ones too, not their texts; and which permissions the caller can give."""
        found = await service.database.read(lambda connection: store.keys(connection, caller.tenant))
        return {
            "keys": [shown(one) for one in found],
            "permissions": [one for one in Permission if one in caller.permissions & keys.OPENS],
        }

    @routes.post("", status_code=201)
    async def add(given: NewKey, caller: ManagerNow, key: IdempotencyKey) -> dict[str, Any]:
        """A new key; `key` is shown this once."""
        drawn: dict[str, str] = {"key": ""}

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            made, drawn["key"] = keys.make(tx, caller, name=given.name, permissions=given.permissions, context=context)
            return shown(made)

        return await changing.run(caller, key, "api key", given, work, once=drawn)

    @routes.post("/{key_id}/rotate", status_code=201)
    async def rotate(key_id: str, caller: ManagerNow, key: IdempotencyKey) -> dict[str, Any]:
        """A successor, shown this once; the older one is valid until it is revoked."""
        drawn: dict[str, str] = {"key": ""}

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            made, drawn["key"] = keys.rotate(tx, caller, key_id, context)
            return shown(made)

        return await changing.run(caller, key, f"rotate {key_id}", None, work, once=drawn)

    @routes.post("/{key_id}/revoke")
    async def revoke(key_id: str, caller: ManagerNow, key: IdempotencyKey) -> dict[str, Any]:
        """Ends a key at once."""

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            return shown(keys.revoke(tx, caller, key_id, context))

        return await changing.run(caller, key, f"revoke {key_id}", None, work)

    return routes
