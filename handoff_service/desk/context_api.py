"""HTTP of what stands beside a conversation: orders, playbook, blocking, care, export, translation."""

import json
from collections.abc import Callable
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from handoff_service import audit
from handoff_service.access import Access
from handoff_service.agents.model import Agent
from handoff_service.bell import desk_topic
from handoff_service.channels import contacts
from handoff_service.conversations import store as conversations
from handoff_service.conversations.access import readable
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Entry
from handoff_service.database import Transaction
from handoff_service.desk import store
from handoff_service.desk.blocking import block, unblock
from handoff_service.desk.care import care_json, set_care
from handoff_service.desk.transcript import as_json, as_text, without_notes
from handoff_service.errors import NotFound
from handoff_service.handoffs.view import agent_names, cards
from handoff_service.inputs import Command, Plain
from handoff_service.operations import once
from handoff_service.permissions import Permission
from handoff_service.service import Service
from handoff_service.tenants import store as tenants

PAGE = 500
Name = Annotated[Plain, Field(min_length=1, max_length=40)]


class Ticked(Command):
    """A step of a playbook is done, or (`done` false) not done after all."""

    playbook: Name
    step: Name
    done: bool


class Cared(Command):
    """`agent`: whose customer he is; `classes`: of priority, by which he comes before others."""

    agent: Annotated[Plain, Field(max_length=64)] | None = None
    classes: Annotated[int, Field(ge=0, le=3)] = 0


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    text: Annotated[Plain, Field(min_length=1, max_length=8000)]
    to: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")]


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    access = Access(service)
    ReaderNow = Annotated[Agent, Depends(access.may(Permission.CONVERSATIONS_READ))]
    AgentNow = Annotated[Agent, Depends(access.may(Permission.CONVERSATIONS_ANSWER))]
    SupervisorNow = Annotated[Agent, Depends(access.may(Permission.CONVERSATIONS_SUPERVISE))]

    async def command(
        agent: Agent, verb: str, asked: Command, work: Callable[[Transaction, Context], dict[str, Any]]
    ) -> dict[str, Any]:
        """Runs an agent's command once per op_id."""
        context = service.context()
        request = {"command": verb, **asked.model_dump(mode="json")}

        def write(tx: Transaction) -> dict[str, Any]:
            who = f"agent:{agent.id}"
            run = lambda: work(tx, context)  # noqa: E731
            return once(tx, agent.tenant, who, asked.op_id, request=request, now=context.now, work=run)

        return await service.database.write(write)

    @routes.get("/v1/conversations/{conversation_id}/orders")
    async def orders(conversation_id: str, agent: ReaderNow) -> dict[str, Any]:
        """The customer's orders; `why` there are none to see: "unverified", or "no_shop" where none is connected."""

        def load(connection: sa.Connection) -> tuple[bool, dict[str, Any] | None]:
            found = conversations.find(connection, agent.tenant, conversation_id)
            return service.orders.are_of(connection, agent.tenant), contacts.verified(
                connection, agent.tenant, found.contact
            )

        has_shop, customer = await service.database.read(load)
        if customer is None or not has_shop:
            return {"orders": [], "why": "unverified" if has_shop else "no_shop"}
        return {"orders": await service.orders.of(customer["id"]), "why": None}

    @routes.post("/v1/conversations/{conversation_id}/playbook")
    async def tick(conversation_id: str, asked: Ticked, agent: AgentNow) -> dict[str, Any]:
        """Notes in the conversation which step was done, for whoever has it next."""

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            found = conversations.find(tx.connection, agent.tenant, conversation_id)
            playbook = tenants.find(tx.connection, agent.tenant).settings.desk.playbook(asked.playbook)
            if playbook is None or asked.step not in [step.id for step in playbook.steps]:
                raise NotFound(f"There is no step {asked.step} of a playbook {asked.playbook}.")
            by = agent.id if asked.done else None
            store.tick(tx.connection, found, asked.playbook, asked.step, by=by, now=context.now)
            tx.ring(desk_topic(agent.tenant))
            return {"steps": store.steps_done(tx.connection, agent.tenant, found.id)}

        return await command(agent, f"tick {conversation_id}", asked, work)

    @routes.post("/v1/contacts/{contact_id}/block")
    async def blocked(contact_id: str, asked: Command, agent: AgentNow) -> dict[str, Any]:
        """What the contact writes is kept, but nobody is bothered with it; what is open with him ends."""
        return await command(agent, f"block {contact_id}", asked, lambda tx, c: block(tx, contact_id, agent, c))

    @routes.post("/v1/contacts/{contact_id}/unblock")
    async def unblocked(contact_id: str, asked: Command, agent: AgentNow) -> dict[str, Any]:
        """The contact is answered again."""
        return await command(agent, f"unblock {contact_id}", asked, lambda tx, c: unblock(tx, contact_id, agent, c))

    @routes.get("/v1/contacts/{contact_id}/care")
    async def cared(contact_id: str, agent: ReaderNow) -> dict[str, Any]:
        """Whose customer the contact is, and by how many classes he comes before others."""
        return await service.database.read(lambda connection: care_json(connection, agent.tenant, contact_id))

    @routes.post("/v1/contacts/{contact_id}/care")
    async def care(contact_id: str, asked: Cared, agent: SupervisorNow) -> dict[str, Any]:
        """Sets both, for this person on every channel."""
        parts: dict[str, Any] = {"whose": asked.agent, "classes": asked.classes}
        return await command(
            agent, f"care {contact_id}", asked, lambda tx, c: set_care(tx, agent, contact_id, c, **parts)
        )

    @routes.post("/v1/conversations/{conversation_id}/translate")
    async def translate(conversation_id: str, asked: Asked, agent: ReaderNow) -> dict[str, Any]:
        """A text of this conversation in another language; nothing is kept of it."""

        def load(connection: sa.Connection) -> str:
            conversations.find(connection, agent.tenant, conversation_id)  # raises NotFound
            return tenants.find(connection, agent.tenant).settings.desk.translate_url

        await service.limits.message(f"{agent.tenant}:agent:{agent.id}")  # each costs the tenant something
        url = await service.database.read(load)
        return {"text": await service.translator.translated(url, asked.text, asked.to)}

    _add_export(routes, service, ReaderNow)
    return routes


def _add_export(routes: APIRouter, service: Service, reader: Any) -> None:
    @routes.get("/v1/conversations/{conversation_id}/export")
    async def export(
        conversation_id: str,
        agent: reader,
        form: Annotated[Literal["text", "json"], Query(alias="format")] = "text",
        notes: bool = False,
        language: Literal["zh", "en"] = "en",
    ) -> Response:
        """The conversation as a file; who took it is in the audit."""
        context = service.context()

        def read(connection: sa.Connection) -> tuple[str, dict[str, Any]]:
            found = conversations.find(connection, agent.tenant, conversation_id)
            card = cards(connection, [found], agent)[0]
            timeline = readable(_timeline(connection, agent.tenant, found.id), agent)
            shown = timeline if notes else without_notes(timeline)
            detail = {"entries": len(shown), "notes": notes, "format": form}
            if form == "text":
                return as_text(card, shown, language), detail
            names = agent_names(connection, agent.tenant)
            return json.dumps(as_json(card, shown, names, notes=notes), ensure_ascii=False), detail

        content, detail = await service.database.read(read)  # beside those who write, however long it is
        who = {"actor": f"agent:{agent.id}", "action": "conversation_export", "subject": conversation_id}
        await service.database.write(lambda tx: audit.record(tx, agent.tenant, **who, detail=detail, now=context.now))
        kind, ending = ("text/plain", "txt") if form == "text" else ("application/json", "json")
        headers = {"Content-Disposition": f'attachment; filename="{conversation_id}.{ending}"'}
        return Response(content, media_type=f"{kind}; charset=utf-8", headers=headers)


def _timeline(connection: sa.Connection, tenant: str, conversation: str) -> list[Entry]:
    found: list[Entry] = []
    while page := conversations.entries_after(connection, tenant, conversation, len(found), limit=PAGE):
        found += page
    return found
