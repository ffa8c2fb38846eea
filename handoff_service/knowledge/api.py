"""HTTP of the knowledge panel: an agent searches the same articles that the bot answers from."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query

from handoff_service.access import Access
from handoff_service.agents.model import Agent
from handoff_service.inputs import Plain
from handoff_service.service import Service


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    access = Access(service)

    @routes.get("/v1/knowledge/search")
    async def search(
        agent: Annotated[Agent, Depends(access.agent)],
        q: Annotated[Plain, Query(min_length=1, max_length=500)],
        language: Literal["zh", "en"] | None = None,
    ) -> dict[str, Any]:
        return await service.knowledge.search(q, tenant=agent.tenant, language=language)

    return routes
