"""HTTP of tickets."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from handoff_service.access import Access
from handoff_service.agents.model import Agent
from handoff_service.clock import iso
from handoff_service.service import Service
from handoff_service.tickets import store


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    access = Access(service)

    @routes.get("/v1/tickets")
    async def listed(agent: Annotated[Agent, Depends(access.agent)]) -> dict[str, Any]:
        found = await service.database.read(lambda connection: store.listed(connection, agent.tenant))
        return {
            "tickets": [
                {
                    **{name: ticket[name] for name in ("id", "conversation", "subject", "reply_to", "state")},
                    "due_at": iso(ticket["due_at"]),
                    "created_at": iso(ticket["created_at"]),
                }
                for ticket in found
            ]
        }

    return routes
