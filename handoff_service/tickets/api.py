"""HTTP of tickets."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from handoff_service.access import Access
from handoff_service.agents.model import Agent
from handoff_service.clock import iso
from handoff_service.conversations.api import Command
from handoff_service.database import Transaction
from handoff_service.operations import once
from handoff_service.permissions import Permission
from handoff_service.service import Service
from handoff_service.tickets import store

SHOWN = ("id", "conversation", "number", "type", "subject", "fields", "reply_to", "state")


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    access = Access(service)
    ReaderNow = Annotated[Agent, Depends(access.may(Permission.TICKETS_READ))]
    WorkerNow = Annotated[Agent, Depends(access.may(Permission.TICKETS_WORK))]

    @routes.get("/v1/tickets")
    async def listed(agent: ReaderNow) -> dict[str, Any]:
        """What is left to do: promised answers (`number` null), and what the bot has filed."""
        found = await service.database.read(lambda connection: store.listed(connection, agent.tenant))
        return {
            "tickets": [
                {
                    **{name: ticket[name] for name in SHOWN},
                    "due_at": iso(ticket["due_at"]),
                    "created_at": iso(ticket["created_at"]),
                }
                for ticket in found
            ]
        }

    @routes.post("/v1/tickets/{ticket_id}/done")
    async def done(ticket_id: str, asked: Command, agent: WorkerNow) -> dict[str, Any]:
        """Marks filed work as done."""
        now = service.clock()

        def write(tx: Transaction) -> dict[str, Any]:
            def work() -> dict[str, Any]:
                store.finish(tx.connection, agent.tenant, ticket_id)
                return {"ticket": ticket_id, "state": store.DONE}

            request = {"command": "ticket done", "ticket": ticket_id}
            return once(tx, agent.tenant, f"agent:{agent.id}", asked.op_id, request=request, now=now, work=work)

        return await service.database.write(write)

    return routes
