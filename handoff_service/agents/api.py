"""HTTP of agents: sign in and out, presence."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from handoff_service.access import Access, client_address, cookie_name, cookie_rights
from handoff_service.agents import store
from handoff_service.agents.model import Agent, Status
from handoff_service.agents.sign_in import note, sign_in
from handoff_service.bell import desk_topic
from handoff_service.database import Transaction
from handoff_service.handoffs.view import colleague
from handoff_service.ids import token_hash
from handoff_service.inputs import Plain
from handoff_service.permissions import PERMISSIONS, Permission
from handoff_service.service import Service
from handoff_service.tenants import store as tenants


class Credentials(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    tenant: Plain = Field(max_length=64)
    email: Plain = Field(max_length=254)
    password: Plain = Field(max_length=256)


class Presence(BaseModel):
    model_config = ConfigDict(extra="forbid")

    status: Status


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
                    "permissions": sorted(PERMISSIONS[agent.role]),
                },
                "tenant": {
                    "id": agent.tenant,
                    "name": tenant.name,
                    "queues": [{"id": queue.id, "name": queue.name} for queue in settings.queues],
                    "wrap_up_codes": [code.model_dump(exclude={"survey"}) for code in settings.wrap_up_codes],
                },
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
        request: Request, response: Response, agent: Annotated[Agent, Depends(access.agent)]
    ) -> dict[str, Any]:
        digest = token_hash(request.cookies[cookie_name(service)])

        def end(tx: Transaction) -> None:
            store.end_session(tx.connection, digest)
            note(tx, agent.tenant, agent.id, "sign_out", service.clock())

        await service.database.write(end)
        service.sockets.end_sign_in(digest)  # those at other gateways end at their next look, see live/heal.py
        await _set_status(service, agent, Status.OFFLINE)
        response.delete_cookie(cookie_name(service), **cookie_rights(service))
        return {}

    @routes.get("/v1/agents/me")
    async def who(agent: Annotated[Agent, Depends(access.agent)]) -> dict[str, Any]:
        return await me(agent)

    @routes.post("/v1/agents/me/presence")
    async def presence(
        wish: Presence, agent: Annotated[Agent, Depends(access.may(Permission.CONVERSATIONS_ANSWER))]
    ) -> dict[str, Any]:
        await _set_status(service, agent, wish.status)
        return {"status": wish.status}

    return routes


async def _set_status(service: Service, agent: Agent, status: Status) -> None:
    def work(tx: Transaction) -> None:
        store.set_status(tx.connection, agent.tenant, agent.id, status)
        tx.ring(desk_topic(agent.tenant))

    await service.database.write(work)
