"""HTTP of agents' pictures: one's own is set, everybody may look."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from handoff_service.access import Access
from handoff_service.agents.model import Agent
from handoff_service.database import Transaction
from handoff_service.errors import Invalid, TooLarge
from handoff_service.faces import store
from handoff_service.files.model import Sniffer
from handoff_service.service import Service

MOST_BYTES = 100_000  # of a face that is shown as large as a thumb
TYPES = ("image/png", "image/jpeg", "image/webp")


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    access = Access(service)

    @routes.post("/v1/agents/me/picture", status_code=201)
    async def change(request: Request, agent: Annotated[Agent, Depends(access.agent)]) -> dict[str, Any]:
        """Sets one's picture; an empty body takes it away."""
        content = await request.body()
        now = service.clock()
        if len(content) > MOST_BYTES:
            raise TooLarge(f"A picture of yourself has at most {MOST_BYTES} bytes.")
        kind = picture_type(content) if content else ""

        def write(tx: Transaction) -> str | None:
            if not content:
                store.forget(tx.connection, agent.tenant, agent.id)
                return None
            return store.replace(tx.connection, agent.tenant, agent.id, kind=kind, content=content, now=now)

        return {"picture": await service.database.write(write)}

    @routes.get("/v1/pictures/{tenant}/{picture}")
    async def show(tenant: str, picture: str) -> Response:
        kind, content = await service.database.read(lambda connection: store.read(connection, tenant, picture))
        return Response(content, media_type=kind)

    return routes


def picture_type(content: bytes) -> str:
    """The type by its bytes. Raises Invalid for anything but a picture."""
    sniffer = Sniffer()
    sniffer.feed(content)
    kind = sniffer.end()
    if kind not in TYPES:
        raise Invalid("A picture of yourself is a PNG, JPEG or WebP.")
    return kind
