"""HTTP of reports, for those who may read them."""

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query

from handoff_service.access import Access
from handoff_service.agents.model import Agent
from handoff_service.analytics.signals import signals_report
from handoff_service.analytics.staffing import Level, load
from handoff_service.errors import NotFound
from handoff_service.inputs import Plain
from handoff_service.permissions import Permission
from handoff_service.service import Service
from handoff_service.tenants import store as tenants


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

    @routes.get("/v1/staffing")
    async def staffing(
        agent: Annotated[Agent, Depends(access.may(Permission.REPORTS_READ))],
        queue: Annotated[Plain, Query(max_length=64)],
        weeks: Annotated[int, Query(ge=1, le=12)] = 4,
        share: Annotated[float, Query(ge=0.5, le=0.99)] = 0.8,
        within_s: Annotated[float, Query(ge=1, le=3600)] = 60.0,
    ) -> dict[str, Any]:
        """What came into a queue in each hour of the week, and how many agents are needed for it."""
        now, level = service.clock(), Level(share, within_s)

        def read(connection: sa.Connection) -> dict[str, Any]:
            tenant = tenants.find(connection, agent.tenant)
            found = tenant.settings.queue(queue)
            if found is None:
                raise NotFound(
                    f"There is no queue {queue}; there are {', '.join(one.id for one in tenant.settings.queues)}."
                )
            return load(connection, tenant, found, now, weeks=weeks, level=level)

        return await service.database.read(read)

    return routes
