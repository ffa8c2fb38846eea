"""HTTP of mentions: what an agent was asked by colleagues, and what he has asked them."""

from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query
from pydantic import Field

from handoff_service.access import Access
from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent
from handoff_service.conversations import store as conversations
from handoff_service.conversations.api import Command
from handoff_service.database import Transaction
from handoff_service.inputs import Plain
from handoff_service.mentions import store
from handoff_service.mentions.ask import as_json
from handoff_service.operations import once
from handoff_service.permissions import Permission
from handoff_service.service import Service


class Seen(Command):
    conversation: Plain = Field(max_length=64)


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    ReaderNow = Annotated[Agent, Depends(Access(service).may(Permission.CONVERSATIONS_READ))]

    @routes.get("/v1/mentions")
    async def listed(
        agent: ReaderNow,
        box: Literal["to_me", "by_me"] = "to_me",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:
        """Notes that ask me, or mine that ask others; those without an answer first."""

        def load(connection: sa.Connection) -> dict[str, Any]:
            whose = {"agent": agent.id} if box == "to_me" else {"asked_by": agent.id}
            found = store.listed(connection, agent.tenant, **whose, limit=limit)
            return {"mentions": as_json(found, agents.names(connection, agent.tenant))}

        return await service.database.read(load)

    @routes.post("/v1/mentions/seen")
    async def seen(asked: Seen, agent: ReaderNow) -> dict[str, Any]:
        """I have looked at what I was asked in this conversation."""
        now = service.clock()

        def write(tx: Transaction) -> dict[str, Any]:
            def work() -> dict[str, Any]:
                found = conversations.find(tx.connection, agent.tenant, asked.conversation)
                return {"seen": store.see(tx.connection, agent.tenant, agent.id, found.id, now)}

            request = {"command": "mentions seen", **asked.model_dump()}
            return once(tx, agent.tenant, f"agent:{agent.id}", asked.op_id, request=request, now=now, work=work)

        return await service.database.write(write)

    return routes
