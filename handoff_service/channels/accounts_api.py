"""HTTP of channel accounts: which there are and how they fare, adding, changing, new secrets, and the doctor."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from handoff_service.access import Access
from handoff_service.callers import Caller
from handoff_service.changes import Changing, IdempotencyKey
from handoff_service.channels import accounts, store
from handoff_service.channels.commands import kinds
from handoff_service.channels.doctor import look_at
from handoff_service.channels.registry import CHANNELS
from handoff_service.channels.sealing import Seal
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.errors import Invalid
from handoff_service.inputs import Plain
from handoff_service.permissions import Permission
from handoff_service.service import Service

Fields = Annotated[dict[Plain, Annotated[Plain, Field(max_length=4096)]], Field(max_length=40)]
# When the access token ends; without it after the time for which the platform's usually last.
TokenEnd = Annotated[AwareDatetime | None, Field(strict=False)]


class New(BaseModel):
    """`fields` are those that `GET /v1/channels/kinds` tells, secret ones among them."""

    model_config = ConfigDict(extra="forbid", strict=True)

    channel: Plain = Field(max_length=40)
    name: Plain = Field(min_length=1, max_length=accounts.MOST_NAME)
    fields: Fields = Field(default={})
    token_until: TokenEnd = None


class Changed(BaseModel):
    """`fields` that are no secrets; an empty one ends."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Plain | None = Field(None, min_length=1, max_length=accounts.MOST_NAME)
    fields: Fields = Field(default={})
    disabled: bool | None = None
    token_until: TokenEnd = None


class Secrets(BaseModel):
    """New values of secret fields; without any those that Tandem makes are made anew."""

    model_config = ConfigDict(extra="forbid", strict=True)

    fields: Fields = Field(default={})
    token_until: TokenEnd = None


def router(service: Service) -> APIRouter:
    routes = APIRouter(prefix="/v1/channels")
    access, changing = Access(service), Changing(service)
    seal = Seal(service.settings.encryption_key.get_secret_value())
    _add_reading(routes, service, access, seal)
    _add_changing(routes, service, access, changing, seal)
    _add_secrets(routes, access, changing, seal)
    return routes


def _add_reading(routes: APIRouter, service: Service, access: Access, seal: Seal) -> None:
    ManagerNow = Annotated[Caller, Depends(access.calls(Permission.INTEGRATIONS))]
    ReaderNow = Annotated[Caller, Depends(access.calls(Permission.SETTINGS_READ))]

    @routes.get("/kinds")
    async def every_kind(_: ReaderNow) -> dict[str, Any]:
        """Every channel with the fields that an account of it must be told."""
        return {"kinds": kinds()}

    @routes.get("/accounts")
    async def listed(caller: ReaderNow) -> dict[str, Any]:
        """All accounts with their health; of secrets only how many are valid."""
        found = await service.database.read(lambda c: accounts.everyone(c, caller.tenant, seal))
        return {"accounts": [accounts.shown(one, service.settings) for one in found]}

    @routes.post("/accounts/{account_id}/examine")
    async def doctor(account_id: str, caller: ManagerNow) -> dict[str, Any]:
        """Asks the platform and our own address, and says in words what is wrong."""
        account = await service.database.read(lambda c: store.find(c, caller.tenant, account_id, seal))
        channel = service.channels[account.channel]
        findings = await look_at(service.database, account, channel, service.settings, service.clock)
        return {"account": account.id, "findings": findings}


def _add_changing(routes: APIRouter, service: Service, access: Access, changing: Changing, seal: Seal) -> None:
    ManagerNow = Annotated[Caller, Depends(access.calls(Permission.INTEGRATIONS))]

    @routes.post("/accounts", status_code=201)
    async def add(given: New, caller: ManagerNow, key: IdempotencyKey) -> dict[str, Any]:
        """A new account, the address of its webhook, and the secrets that Tandem has made, shown this once."""
        if given.channel not in CHANNELS:
            raise Invalid(f"There is no channel {given.channel}; there are {', '.join(sorted(CHANNELS))}.")
        settings = service.settings
        told = (caller.tenant, given.channel, given.name, given.fields)
        made = accounts.new_account(*told, settings, service.clock, token_until=given.token_until)

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            accounts.add(tx, caller, made, seal, context)
            return {"account": made.id, "webhook": accounts.webhook(made, settings)}

        fresh = accounts.made_secrets(made, given.fields)
        return await changing.run(caller, key, "channel account", given, work, once=fresh)

    @routes.post("/accounts/{account_id}")
    async def change(account_id: str, given: Changed, caller: ManagerNow, key: IdempotencyKey) -> dict[str, Any]:
        """Changes name and fields, or switches it off and on."""

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            changes: dict[str, Any] = {"name": given.name, "options": given.fields, "disabled": given.disabled}
            until = given.token_until
            after = accounts.change(tx, caller, account_id, **changes, token_until=until, seal=seal, context=context)
            return {"account": after.id, "name": after.name, "disabled": after.disabled, "options": dict(after.options)}

        return await changing.run(caller, key, f"channel account {account_id}", given, work)


def _add_secrets(routes: APIRouter, access: Access, changing: Changing, seal: Seal) -> None:
    ManagerNow = Annotated[Caller, Depends(access.calls(Permission.INTEGRATIONS))]

    @routes.post("/accounts/{account_id}/rotate")
    async def rotate(account_id: str, given: Secrets, caller: ManagerNow, key: IdempotencyKey) -> dict[str, Any]:
        """New secrets beside the present ones; both are valid until `finish-rotation`."""
        made: dict[str, str] = {}

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            made.clear()
            until = given.token_until
            made.update(accounts.rotate(tx, caller, account_id, given.fields, seal, context, token_until=until))
            return {"account": account_id}

        return await changing.run(caller, key, f"rotate channel {account_id}", given, work, once=made)

    @routes.post("/accounts/{account_id}/finish-rotation")
    async def finish(account_id: str, caller: ManagerNow, key: IdempotencyKey) -> dict[str, Any]:
        """The older secrets are not valid any more."""

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            accounts.finish_rotation(tx, caller, account_id, seal, context)
            return {"account": account_id}

        return await changing.run(caller, key, f"finish channel {account_id}", None, work)
