"""HTTP of public mentions: importing what was said about the tenant, from wherever somebody has collected it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from handoff_service.access import Access
from handoff_service.callers import Caller
from handoff_service.permissions import Permission
from handoff_service.public_mentions.importing import import_mentions
from handoff_service.service import Service


class Given(BaseModel):
    """`mentions` have the fields of public_mentions/model.py; each is judged by itself."""

    model_config = ConfigDict(extra="forbid", strict=True)

    mentions: list[dict[str, Any]] = Field(min_length=1, max_length=200)


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    ManagerNow = Annotated[Caller, Depends(Access(service).calls(Permission.INTEGRATIONS))]

    @routes.post("/v1/public-mentions")
    async def take_all(given: Given, caller: ManagerNow) -> dict[str, Any]:
        """How many were taken and were there before, and what was refused why; `line` counts from 1."""
        rows = list(enumerate(given.mentions, 1))
        return (await import_mentions(service.database, caller, rows, service.context())).as_json()

    return routes
