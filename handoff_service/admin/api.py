"""HTTP of the administration: accounts, the lists of the settings, and the configuration as one file.

Every change needs the header Idempotency-Key, leaves a row in the audit, and may be asked by an agent or an API key.
"""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from handoff_service import audit
from handoff_service.access import Access
from handoff_service.admin import configuration, lists, people, pool, store
from handoff_service.admin.people import Account, Changes, account_of
from handoff_service.agents.model import Agent, Role
from handoff_service.agents.sign_in import HASHING, hash_password
from handoff_service.agents.store import NO_PASSWORD
from handoff_service.callers import Caller
from handoff_service.changes import Changing, IdempotencyKey
from handoff_service.channels import store as channels
from handoff_service.clock import iso
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.inputs import Plain
from handoff_service.permissions import PERMISSIONS, Permission
from handoff_service.service import Service

Item = Annotated[dict[str, Any], Field(max_length=40)]


class Lent(BaseModel):
    """Whom the pool lends, and what he is at this client."""

    model_config = ConfigDict(extra="forbid")

    agent: Plain = Field(max_length=64)
    role: Role = Role.AGENT
    languages: tuple[str, ...] = ("zh", "en")
    queues: tuple[str, ...] = ()
    capacity: int = Field(5, ge=1, le=100)
    skills: dict[str, int] = {}


class File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    yaml: Plain = Field(max_length=250_000)


class Applied(File):
    """`version` is that of the plan which somebody has seen; another one by now is refused."""

    version: str | None = None


def shown(agent: Agent) -> dict[str, Any]:
    """An account as administrators see it."""
    return {
        "id": agent.id,
        **account_of(agent).model_dump(mode="json"),
        "disabled": agent.disabled,
        "open": agent.open,
        "status": agent.status,
        "seen_at": iso(agent.seen_at),
        "lent_by": agent.home_tenant,
    }


async def hashed(password: str) -> str:
    """The hash of a password, made where a flood of them does not hold up anybody."""
    return await asyncio.get_running_loop().run_in_executor(HASHING, hash_password, password)


def router(service: Service) -> APIRouter:
    routes = APIRouter(prefix="/v1/admin")
    access, changing = Access(service), Changing(service)
    _add_reading(routes, service, access)
    _add_accounts(routes, access, changing)
    _add_pool(routes, access, changing)
    _add_lists(routes, service, access, changing)
    _add_files(routes, service, access, changing)
    return routes


def _add_reading(routes: APIRouter, service: Service, access: Access) -> None:
    @routes.get("/roles")
    async def roles(caller: Annotated[Caller, Depends(access.calls(Permission.AGENTS_READ))]) -> dict[str, Any]:  # noqa: ARG001
        """What each role may do; the same for all tenants."""
        return {"roles": {role: sorted(PERMISSIONS[role]) for role in Role}}

    @routes.get("/agents")
    async def agents(caller: Annotated[Caller, Depends(access.calls(Permission.AGENTS_READ))]) -> dict[str, Any]:
        """All accounts by name, disabled ones too."""
        found = await service.database.read(lambda connection: store.accounts(connection, caller.tenant))
        return {"agents": [shown(one) for one in found]}

    @routes.get("/audit")
    async def audited(
        caller: Annotated[Caller, Depends(access.calls(Permission.AUDIT_READ))],
        before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> dict[str, Any]:
        """What was done to data and accounts, the latest first; go on with `before` the last number that you have."""
        return {
            "rows": await service.database.read(
                lambda connection: audit.latest(connection, caller.tenant, before=before, limit=limit)
            )
        }

    @routes.get("/channels")
    async def accounts(caller: Annotated[Caller, Depends(access.calls(Permission.SETTINGS_READ))]) -> dict[str, Any]:
        """Accounts of channels, without their secrets; they are changed on the machine."""
        rows = await service.database.read(lambda connection: channels.listed(connection, caller.tenant))
        parts = ("id", "channel", "name", "disabled", "last_error")
        return {
            "channels": [
                {**{name: row[name] for name in parts}, "last_event_at": iso(row["last_event_at"])} for row in rows
            ]
        }


def _add_accounts(routes: APIRouter, access: Access, changing: Changing) -> None:
    ManagerNow = Annotated[Caller, Depends(access.calls(Permission.AGENTS_MANAGE))]

    @routes.post("/agents", status_code=201)
    async def add(given: Account, caller: ManagerNow, key: IdempotencyKey) -> dict[str, Any]:
        """A new agent, with the password that he begins with: shown this once."""
        password = people.new_password()
        digest = await hashed(password)

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            return shown(people.add(tx, caller, given, digest, context))

        return await changing.run(caller, key, f"agent {given.email}", given, work, once={"password": password})

    @routes.post("/agents/{agent_id}")
    async def change(agent_id: str, given: Changes, caller: ManagerNow, key: IdempotencyKey) -> dict[str, Any]:
        """Changes parts of an account; another role ends every sign-in."""
        changes = given.model_dump(exclude_unset=True)

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            return shown(people.change(tx, caller, agent_id, changes, context))

        return await changing.run(caller, key, f"agent {agent_id}", given, work)

    @routes.post("/agents/{agent_id}/disable")
    async def disable(agent_id: str, caller: ManagerNow, key: IdempotencyKey) -> dict[str, Any]:
        """Closes an account; its desks are disconnected within seconds, its conversations go back to the queue."""

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            return shown(people.set_disabled(tx, caller, agent_id, context, disabled=True))

        return await changing.run(caller, key, f"disable {agent_id}", None, work)

    @routes.post("/agents/{agent_id}/enable")
    async def enable(agent_id: str, caller: ManagerNow, key: IdempotencyKey) -> dict[str, Any]:
        """Opens a disabled account again, with its old password."""

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            return shown(people.set_disabled(tx, caller, agent_id, context, disabled=False))

        return await changing.run(caller, key, f"enable {agent_id}", None, work)

    @routes.post("/agents/{agent_id}/reset-password")
    async def reset(agent_id: str, caller: ManagerNow, key: IdempotencyKey) -> dict[str, Any]:
        """Draws a new password, shown this once, and ends every sign-in."""
        password = people.new_password()
        digest = await hashed(password)

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            people.reset_password(tx, caller, agent_id, digest, context)
            return {"id": agent_id}

        return await changing.run(caller, key, f"reset {agent_id}", None, work, once={"password": password})

    @routes.post("/agents/{agent_id}/sign-out")
    async def sign_out(agent_id: str, caller: ManagerNow, key: IdempotencyKey) -> dict[str, Any]:
        """Ends every sign-in of somebody, whatever machine he sits at."""

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            return {"id": agent_id, "ended": people.sign_out_everywhere(tx, caller, agent_id, context)}

        return await changing.run(caller, key, f"sign-out {agent_id}", None, work)


def _add_pool(routes: APIRouter, access: Access, changing: Changing) -> None:
    @routes.post("/lent-agents", status_code=201)
    async def lend(
        given: Lent, caller: Annotated[Caller, Depends(access.calls(Permission.AGENTS_MANAGE))], key: IdempotencyKey
    ) -> dict[str, Any]:
        """Lends this tenant a colleague from the caller's own: who comes from a pool brings others in."""

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            home = pool.colleague_of(tx, caller, given.agent)
            terms = Account(email=home.email, name=home.name, **given.model_dump(exclude={"agent"}))
            return shown(pool.lend(tx, caller, home, terms, NO_PASSWORD, context))

        return await changing.run(caller, key, f"lend {given.agent}", given, work)


def _add_lists(routes: APIRouter, service: Service, access: Access, changing: Changing) -> None:
    ReaderNow = Annotated[Caller, Depends(access.calls(Permission.SETTINGS_READ))]
    # The most that any list asks for less than SETTINGS_WRITE; lists.put asks for what the list needs.
    WriterNow = Annotated[Caller, Depends(access.calls(Permission.CANNED_WRITE))]

    @routes.get("/lists/{name}")
    async def listed(name: str, caller: ReaderNow) -> dict[str, Any]:
        """queues, calendars, skills, tags, canned-replies or wrap-up-codes."""
        return {"items": await service.database.read(lambda connection: lists.listed(connection, caller, name))}

    @routes.post("/lists/{name}/{item}")
    async def put(name: str, item: str, given: Item, caller: WriterNow, key: IdempotencyKey) -> dict[str, Any]:
        """Adds one, or replaces the one with this id."""

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            return lists.put(tx, caller, name, item, given, context)

        return await changing.run(caller, key, f"{name} {item}", given, work)

    @routes.post("/lists/{name}/{item}/remove")
    async def remove(name: str, item: str, caller: WriterNow, key: IdempotencyKey) -> dict[str, Any]:
        """Takes one away, unless something needs it."""

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            lists.remove(tx, caller, name, item, context)
            return {"removed": item}

        return await changing.run(caller, key, f"remove {name} {item}", None, work)


def _add_files(routes: APIRouter, service: Service, access: Access, changing: Changing) -> None:
    ReaderNow = Annotated[Caller, Depends(access.calls(Permission.SETTINGS_READ))]
    WriterNow = Annotated[Caller, Depends(access.calls(Permission.CANNED_WRITE))]

    @routes.get("/config")
    async def export(caller: ReaderNow) -> dict[str, Any]:
        """The whole configuration as YAML and as values, without secrets; with accounts for who may read them."""
        return await service.database.read(lambda connection: configuration.export(connection, caller))

    @routes.post("/config/check")
    async def check(given: File, caller: ReaderNow) -> dict[str, Any]:
        """What a file would change; 422 with every problem and its line when it cannot be applied."""
        plan = await service.database.read(lambda connection: configuration.plan(connection, caller, given.yaml))
        return _told(plan)

    @routes.post("/config/apply")
    async def apply(given: Applied, caller: WriterNow, key: IdempotencyKey) -> dict[str, Any]:
        """Applies a file as a whole or not at all; applied once more it changes nothing."""

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            return _told(configuration.apply(tx, caller, given.yaml, context, version=given.version))

        return await changing.run(caller, key, "config", given, work)


def _told(plan: configuration.Plan) -> dict[str, Any]:
    changes, warnings = ([one.as_json() for one in listed] for listed in (plan.changes, plan.warnings))
    return {"version": plan.version, "changes": changes, "warnings": warnings}
