"""HTTP of webhooks: which there are, what they were told, what is dead, and replaying it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from handoff_service.access import Access
from handoff_service.callers import Caller
from handoff_service.changes import Changing, IdempotencyKey
from handoff_service.channels.sealing import Seal
from handoff_service.clock import iso
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.inputs import Plain
from handoff_service.permissions import Permission
from handoff_service.service import Service
from handoff_service.statements import Row
from handoff_service.webhooks import administer, store
from handoff_service.webhooks.model import EventType, Message, MessageState
from handoff_service.webhooks.signing import new_secret

Address = Annotated[Plain, Field(min_length=8, max_length=2000)]


class New(BaseModel):
    """`events` empty: all of them."""

    model_config = ConfigDict(extra="forbid", strict=True)

    url: Address
    events: list[Plain] = Field(default=[], max_length=20)
    description: Plain = Field("", max_length=200)


class Changed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    url: Address | None = None
    events: list[Plain] | None = Field(None, max_length=20)
    description: Plain | None = Field(None, max_length=200)
    disabled: bool | None = None


def shown(message: Message) -> dict[str, Any]:
    """A message as its sender sees it."""
    parts = ("id", "webhook", "subject", "event", "state", "attempts", "error", "body")
    moments = ("created_at", "next_at", "ended_at")
    return {
        **{name: getattr(message, name) for name in parts},
        **{name: iso(getattr(message, name)) for name in moments},
        "under_way": message.lease_until is not None,
    }


def _figures(row: Row) -> dict[str, Any]:
    """A webhook with what became of its messages."""
    wrong = row["last_error"]
    moments = {name: iso(row[name]) for name in ("created_at", "delivered_at")}
    return {**row, **moments, "last_error": wrong and {**wrong, "at": iso(wrong["at"])}}


def router(service: Service) -> APIRouter:
    routes = APIRouter(prefix="/v1/admin/webhooks")
    access, changing = Access(service), Changing(service)
    seal = Seal(service.settings.encryption_key.get_secret_value())
    _add_reading(routes, service, access)
    _add_changing(routes, access, changing, seal)
    _add_secrets(routes, access, changing, seal)
    return routes


def _add_reading(routes: APIRouter, service: Service, access: Access) -> None:
    ManagerNow = Annotated[Caller, Depends(access.calls(Permission.INTEGRATIONS))]

    @routes.get("")
    async def listed(caller: ManagerNow) -> dict[str, Any]:
        """All webhooks, how it goes with each, and the events that one can ask for."""
        rows = await service.database.read(lambda connection: store.listed(connection, caller.tenant))
        events = [one for one in EventType if one is not EventType.TEST]
        return {"webhooks": [_figures(row) for row in rows], "events": events}

    @routes.get("/messages")
    async def messages(
        caller: ManagerNow,
        webhook: Annotated[Plain, Query(max_length=64)] | None = None,
        state: MessageState | None = None,
        cursor: Annotated[Plain, Query(max_length=64)] | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:
        """What was told, the newest first; `state=dead` lists the dead letters."""
        found = await service.database.read(
            lambda c: store.messages(c, caller.tenant, webhook=webhook, state=state, before=cursor, limit=limit + 1)
        )
        page = found[:limit]
        return {"messages": [shown(one) for one in page], "cursor": page[-1].id if len(found) > limit else None}

    @routes.get("/messages/{message_id}")
    async def one(message_id: str, caller: ManagerNow) -> dict[str, Any]:
        """A message with its delivery log."""

        def load(connection: Any) -> dict[str, Any]:
            found = shown(store.message(connection, caller.tenant, message_id))
            log = store.attempts(connection, caller.tenant, message_id)
            return {**found, "log": [{**attempt, "at": iso(attempt["at"])} for attempt in log]}

        return await service.database.read(load)


def _add_changing(routes: APIRouter, access: Access, changing: Changing, seal: Seal) -> None:
    ManagerNow = Annotated[Caller, Depends(access.calls(Permission.INTEGRATIONS))]

    @routes.post("", status_code=201)
    async def add(given: New, caller: ManagerNow, key: IdempotencyKey) -> dict[str, Any]:
        """A new webhook with its secret, shown this once."""
        secret = new_secret()

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            made = {**given.model_dump(), "secret": secret, "seal": seal}
            return {"id": administer.add(tx, caller, **made, context=context).id}

        return await changing.run(caller, key, "webhook", given, work, once={"secret": secret})

    @routes.post("/{webhook_id}")
    async def change(webhook_id: str, given: Changed, caller: ManagerNow, key: IdempotencyKey) -> dict[str, Any]:
        """Changes a webhook, or switches it off and on."""
        changes = given.model_dump(exclude_none=True)

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            administer.change(tx, caller, webhook_id, changes, seal=seal, context=context)
            return {"id": webhook_id, **changes}

        return await changing.run(caller, key, f"webhook {webhook_id}", given, work)

    @routes.post("/{webhook_id}/remove")
    async def remove(webhook_id: str, caller: ManagerNow, key: IdempotencyKey) -> dict[str, Any]:
        """Deletes a webhook with everything that waits for it."""

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            administer.remove(tx, caller, webhook_id, context)
            return {"removed": webhook_id}

        return await changing.run(caller, key, f"remove {webhook_id}", None, work)

    @routes.post("/{webhook_id}/test")
    async def test(webhook_id: str, caller: ManagerNow, key: IdempotencyKey) -> dict[str, Any]:
        """Sends an event that means nothing; its delivery log is that of the message."""

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            return {"message": administer.try_out(tx, caller, webhook_id, seal=seal, context=context)}

        return await changing.run(caller, key, f"test {webhook_id}", None, work)

    @routes.post("/{webhook_id}/replay")
    async def replay_all(webhook_id: str, caller: ManagerNow, key: IdempotencyKey) -> dict[str, Any]:
        """Begins anew with everything that is dead."""

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            store.find(tx.connection, caller.tenant, webhook_id, seal)
            count = administer.replay(tx, caller, webhook=webhook_id, message=None, context=context)
            return {"replayed": count}

        return await changing.run(caller, key, f"replay {webhook_id}", None, work)

    @routes.post("/messages/{message_id}/replay")
    async def replay(message_id: str, caller: ManagerNow, key: IdempotencyKey) -> dict[str, Any]:
        """Begins anew with one dead message."""

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            count = administer.replay(tx, caller, webhook=None, message=message_id, context=context)
            return {"replayed": count}

        return await changing.run(caller, key, f"replay {message_id}", None, work)


def _add_secrets(routes: APIRouter, access: Access, changing: Changing, seal: Seal) -> None:
    ManagerNow = Annotated[Caller, Depends(access.calls(Permission.INTEGRATIONS))]

    @routes.post("/{webhook_id}/rotate")
    async def rotate(webhook_id: str, caller: ManagerNow, key: IdempotencyKey) -> dict[str, Any]:
        """A new secret, shown this once; until `finish-rotation` messages carry the signatures of both."""
        secret = new_secret()

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            administer.rotate(tx, caller, webhook_id, secret, seal=seal, context=context)
            return {"id": webhook_id}

        return await changing.run(caller, key, f"rotate {webhook_id}", None, work, once={"secret": secret})

    @routes.post("/{webhook_id}/finish-rotation")
    async def finish(webhook_id: str, caller: ManagerNow, key: IdempotencyKey) -> dict[str, Any]:
        """The older secret signs no more."""

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            administer.rotate(tx, caller, webhook_id, None, seal=seal, context=context)
            return {"id": webhook_id}

        return await changing.run(caller, key, f"finish {webhook_id}", None, work)
