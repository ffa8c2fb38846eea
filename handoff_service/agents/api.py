"""HTTP of agents: sign in and out, presence."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from handoff_service.access import Access, client_address, cookie_name, cookie_rights
from handoff_service.agents import store
from handoff_service.agents.lending import clients_of
from handoff_service.agents.model import Agent, Status
from handoff_service.agents.sign_in import note, sign_in
from handoff_service.bell import desk_topic
from handoff_service.clock import iso
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.errors import Invalid
from handoff_service.handoffs.sign_off import Fate, sign_off
from handoff_service.handoffs.view import colleague
from handoff_service.ids import token_hash
from handoff_service.inputs import Command, Plain, moment_of
from handoff_service.operations import once
from handoff_service.permissions import PERMISSIONS, Permission
from handoff_service.service import Service
from handoff_service.tenants import store as tenants
from handoff_service.tickets.looks import look_for

COMPLAINT_WORDS = {"categories", "causes", "remedies", "currency"}


class Credentials(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    tenant: Plain = Field(max_length=64)
    email: Plain = Field(max_length=254)
    password: Plain = Field(max_length=256)


class Going(BaseModel):
    """`conversations`: what becomes of those that are open; `back_at` is ISO 8601 with a time zone."""

    model_config = ConfigDict(extra="forbid")

    conversations: Literal["requeue", "transfer", "keep"] | None = None
    to_agent: Plain | None = Field(default=None, max_length=64)
    back_at: Plain | None = Field(default=None, max_length=40)


class Presence(Going):
    """`reason` is for colleagues: lunch, training, a call. What becomes of open conversations goes with `offline`."""

    status: Status
    reason: Plain = Field("", max_length=80)


class SignOff(Command, Going):
    reason: Plain = Field("", max_length=80)


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    access = Access(service)

    async def me(agent: Agent) -> dict[str, Any]:
        def load(connection: Any) -> dict[str, Any]:
            tenant = tenants.find(connection, agent.tenant)
            settings = tenant.settings
            connected = store.connected(connection, agent.tenant, service.clock())
            return {
                "agent": {
                    **{name: getattr(agent, name) for name in ("id", "name", "email", "role", "languages", "capacity")},
                    "status": agent.status,
                    "reason": agent.reason,
                    "back_at": iso(agent.back_at),
                    "permissions": sorted(PERMISSIONS[agent.role]),
                },
                "tenant": {
                    "id": agent.tenant,
                    "name": dict(settings.name),
                    "queues": [{"id": queue.id, "name": queue.name} for queue in settings.queues],
                    "wrap_up_codes": [code.model_dump(exclude={"survey"}) for code in settings.wrap_up_codes],
                    "tags": [tag.model_dump() for tag in settings.tags],
                    "ticket_types": settings.tickets.known,
                    "desk": settings.desk.at_hand(),
                    "tone": dict(settings.tone.guide),
                    "complaints": settings.complaints.model_dump(mode="json", include=COMPLAINT_WORDS),
                },
                # Whoever serves several tenants names the one that he speaks for in the header X-Speaking-As.
                "clients": [
                    {"tenant": one.tenant, "name": dict(tenants.find(connection, one.tenant).settings.name)}
                    for one in clients_of(connection, agent)
                ],
                "colleagues": [colleague(one, connected) for one in store.everyone(connection, agent.tenant)],
            }

        return await service.database.read(load)

    @routes.post("/v1/agents/sign-in")
    async def enter(credentials: Credentials, request: Request, response: Response) -> dict[str, Any]:
        # With the address in it, a stranger who guesses passwords does not lock the agent himself out.
        account = f"{credentials.tenant}:{credentials.email.strip().lower()}:{client_address(request)}"
        async with service.limits.sign_in(account):
            agent, token = await sign_in(
                service.database, credentials.tenant, credentials.email, credentials.password, now=service.clock()
            )
        if agent.status is Status.OFFLINE:
            await _set_status(service, agent, Status.ONLINE)
        response.set_cookie(
            cookie_name(service), token, max_age=int(service.settings.session_max_s), **cookie_rights(service)
        )
        return await me(await service.database.read(lambda c: store.find(c, agent.tenant, agent.id)))

    @routes.post("/v1/agents/sign-out")
    async def leave(
        request: Request,
        response: Response,
        agent: Annotated[Agent, Depends(access.agent)],
        going: Going | None = None,
    ) -> dict[str, Any]:
        """Ends the session; who is not offline yet says what becomes of his open conversations, as with sign-off."""
        digest = token_hash(request.cookies[cookie_name(service)])
        context = service.context()

        def end(tx: Transaction) -> None:
            _go_offline(tx, agent, going or Going(), context)
            store.end_session(tx.connection, digest)
            note(tx, agent.tenant, agent.id, "sign_out", context.now)

        await service.database.write(end)
        service.sockets.end_sign_in(digest)  # those at other gateways end at their next look, see live/heal.py
        response.delete_cookie(cookie_name(service), **cookie_rights(service))
        return {}

    @routes.get("/v1/agents/me")
    async def who(agent: Annotated[Agent, Depends(access.agent)]) -> dict[str, Any]:
        return await me(agent)

    @routes.post("/v1/agents/me/presence")
    async def presence(
        wish: Presence, agent: Annotated[Agent, Depends(access.may(Permission.CONVERSATIONS_ANSWER))]
    ) -> dict[str, Any]:
        if wish.reason and wish.status in (Status.ONLINE, Status.OFFLINE):
            raise Invalid("A reason is for being away or busy.")
        if wish.status is Status.OFFLINE:
            context = service.context()
            await service.database.write(lambda tx: _go_offline(tx, agent, wish, context))
            return {"status": wish.status, "reason": wish.reason}
        if wish.conversations or wish.to_agent or wish.back_at:
            raise Invalid("`conversations`, `to_agent` and `back_at` go with the status offline.")
        await _set_status(service, agent, wish.status, reason=wish.reason)
        return {"status": wish.status, "reason": wish.reason}

    @routes.post("/v1/agents/me/sign-off")
    async def end_shift(
        asked: SignOff, agent: Annotated[Agent, Depends(access.may(Permission.CONVERSATIONS_ANSWER))]
    ) -> dict[str, Any]:
        """Goes offline and says what becomes of the open conversations; the session itself ends with sign-out."""
        context = service.context()

        def write(tx: Transaction) -> dict[str, Any]:
            def work() -> dict[str, Any]:
                return _sign_off(tx, agent, asked, context, reason=asked.reason)

            request = {"command": "sign-off", **asked.model_dump()}
            return once(tx, agent.tenant, f"agent:{agent.id}", asked.op_id, request=request, now=context.now, work=work)

        return await service.database.write(write)

    return routes


def _sign_off(tx: Transaction, agent: Agent, going: Going, context: Context, *, reason: str = "") -> dict[str, Any]:
    fate = Fate(going.conversations) if going.conversations else None
    back_at = moment_of(going.back_at, "back_at")
    return sign_off(tx, agent, context, fate=fate, to_agent=going.to_agent, back_at=back_at, reason=reason)


def _go_offline(tx: Transaction, agent: Agent, going: Going, context: Context) -> None:
    """The same without a word about why, unless he is offline already: then that was said when he went."""
    if store.find(tx.connection, agent.tenant, agent.id).status is not Status.OFFLINE:
        _sign_off(tx, agent, going, context)


async def _set_status(service: Service, agent: Agent, status: Status, *, reason: str = "") -> None:
    def work(tx: Transaction) -> None:
        store.set_status(tx.connection, agent.tenant, agent.id, status, reason=reason)
        look_for(tx.connection, agent.tenant, agent.id, service.clock())
        tx.ring(desk_topic(agent.tenant))

    await service.database.write(work)
