"""HTTP of reports, for those who may read them."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from handoff_service.access import Access
from handoff_service.agents.model import Agent
from handoff_service.analytics.signals import signals_report
from handoff_service.permissions import Permission
from handoff_service.service import Service


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    access = Access(service)

    @routes.get("/api/reports/signals")
    async def signals(
        agent: Annotated[Agent, Depends(access.may(Permission.REPORTS_READ))],
        days: Annotated[int, Query(ge=1, le=366)] = 30,
    ) -> dict[str, Any]:
        """What the bot noticed per day, signal, rule and outcome."""
        return await signals_report(service.database, agent.tenant, days=days, now=service.clock())

    return routes
