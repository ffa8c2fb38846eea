"""HTTP of the web widget: the start of a visit."""

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from handoff_service.access import client_address
from handoff_service.channels.web_widget import is_known, start_session, verify_identity
from handoff_service.inputs import Plain
from handoff_service.service import Service
from handoff_service.tenants import store as tenants


class Visit(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    tenant: Plain = Field(max_length=64)
    token: Plain | None = Field(None, max_length=128)
    identity: Plain | None = Field(None, max_length=4096)
    language: Literal["zh", "en"] = "zh"


def router(service: Service) -> APIRouter:
    routes = APIRouter()

    @routes.post("/v1/widget/sessions", status_code=201)
    async def start(visit: Visit, request: Request) -> dict[str, Any]:
        now = service.clock()
        token = visit.token or ""
        if not await service.database.read(lambda connection: is_known(connection, visit.tenant, token, now)):
            await service.limits.visitor(client_address(request))
        tenant = await service.database.read(lambda connection: tenants.find(connection, visit.tenant))
        identity = verify_identity(visit.identity, service.settings, now=now) if visit.identity else None
        sender, token = await service.database.write(
            lambda tx: start_session(
                tx,
                tenant.id,
                token=visit.token,
                identity=identity,
                language=visit.language,
                settings=service.settings,
                now=now,
            )
        )
        settings = tenant.settings
        return {
            "token": token,
            "contact": {"id": sender.contact, "name": sender.name},
            "tenant": {
                "id": tenant.id,
                "name": settings.name.get(visit.language, tenant.name),
                "languages": settings.languages,
                "greeting": settings.greeting,
                "suggestions": settings.suggestions,
            },
        }

    return routes
