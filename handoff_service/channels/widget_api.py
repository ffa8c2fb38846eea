"""HTTP of the widget besides the conversation: looks before anybody has said a word, what the page tells, a QR code."""

import math
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, field_validator
from qrcode.main import QRCode

from handoff_service.access import Access
from handoff_service.channels import contacts
from handoff_service.channels.letters import mail_account
from handoff_service.conversations.receive import Sender
from handoff_service.inputs import Plain
from handoff_service.knowledge import store as knowledge
from handoff_service.service import Service
from handoff_service.tenants import store as tenants

TenantName = Annotated[Plain, Query(min_length=1, max_length=64)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_. -]{1,40}$")]
Told = Annotated[Plain, Field(max_length=300)] | StrictBool | StrictInt | StrictFloat | None
MOST_ITEMS = 5
QUIET = 4  # modules of white that readers need around a code (ISO/IEC 18004)


class Attributes(BaseModel):
    """What a page knows about its visitor: names and short values."""

    model_config = ConfigDict(extra="forbid", strict=True)

    attributes: dict[Name, Told] = Field(max_length=30)

    @field_validator("attributes")
    @classmethod
    def _are_finite(cls, told: dict[str, Any]) -> dict[str, Any]:
        wrong = next(
            (name for name, value in told.items() if isinstance(value, float) and not math.isfinite(value)), ""
        )
        if wrong:
            raise ValueError(f"{wrong} is no number")
        return told


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    access = Access(service)

    @routes.get("/v1/widget/config")
    async def config(tenant: TenantName) -> dict[str, Any]:
        """Looks, texts and first words of a tenant; public, the same for everybody."""

        def load(connection: Any) -> tuple[Any, bool, bool, bool]:
            found = tenants.find(connection, tenant)
            has_articles = knowledge.copied_at(connection, tenant) is not None
            has_mail = mail_account(connection, tenant) is not None
            return found, has_articles, has_mail, service.orders.are_of(connection, tenant)

        found, has_articles, has_mail, has_shop = await service.database.read(load)
        settings, widget = found.settings, found.settings.widget
        return {
            "tenant": found.id,
            "name": settings.name,
            "languages": settings.languages,
            "timezone": settings.timezone,
            "look": widget.model_dump(mode="json", include={"accent", "logo", "position", "scheme"}),
            "texts": widget.texts,
            "suggestions": [one.model_dump(mode="json") for one in widget.suggestions],
            "welcome": [one.model_dump(mode="json") for one in widget.welcome],
            "help": widget.help_centre and has_articles,
            "voice": widget.voice,
            "mail": has_mail,
            "orders": has_shop,
        }

    @routes.post("/v1/widget/attributes")
    async def attributes(asked: Attributes, sender: Annotated[Sender, Depends(access.customer)]) -> dict[str, Any]:
        """Keeps what the page tells about its visitor; agents see it as a claim."""
        await service.limits.message(f"{sender.tenant}:attributes:{sender.contact}")
        told = {name: value for name, value in asked.attributes.items() if value is not None}
        await service.database.write(
            lambda tx: contacts.describe(tx.connection, sender.tenant, sender.contact, told), durable=False
        )
        return {"kept": len(told)}

    @routes.get("/v1/widget/orders")
    async def orders(sender: Annotated[Sender, Depends(access.customer)]) -> dict[str, Any]:
        """The caller's own latest orders; `why` there are none to see: "unverified" (not signed in), "no_shop"."""
        await service.limits.message(f"{sender.tenant}:orders:{sender.contact}")

        def load(connection: Any) -> tuple[bool, dict[str, Any] | None]:
            has_shop = service.orders.are_of(connection, sender.tenant)
            return has_shop, contacts.verified(connection, sender.tenant, sender.contact)

        has_shop, customer = await service.database.read(load)
        if customer is None or not has_shop:
            return {"orders": [], "why": "unverified" if has_shop else "no_shop"}
        return {"orders": [_shown(order) for order in await service.orders.of(customer["id"])], "why": None}

    @routes.get("/v1/widget/qr.svg")
    async def qr(
        tenant: TenantName,
        language: Annotated[str | None, Query(pattern=r"^[A-Za-z-]{2,16}$")] = None,
        order: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9-]{1,40}$")] = None,
    ) -> Response:
        """A code that opens the full-page chat on a phone, for print and screens; `order` is told to the agents."""
        found = await service.database.read(lambda connection: tenants.find(connection, tenant))
        asked = {"tenant": found.id, "language": language, "about.order": order}
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        picture = draw_qr(f"{service.settings.gateway_url.rstrip('/')}/chat/?{query}")
        return Response(picture, media_type="image/svg+xml")

    return routes


def _shown(order: dict[str, Any]) -> dict[str, Any]:
    """What a list needs of an order; the shop's answer is foreign, so each part may be missing or something else."""
    items = order.get("items")
    names = [one.get("name") for one in items if isinstance(one, dict)] if isinstance(items, list) else []
    return {
        "number": str(order["number"])[:40],
        "status": str(order.get("status") or "")[:40],
        "placed_at": str(order.get("placed_at") or "")[:40],
        "items": [str(name)[:120] for name in names if name][:MOST_ITEMS],
    }


def draw_qr(address: str) -> str:
    """The address as an SVG picture of one path, black on white."""
    code: Any = QRCode(border=QUIET)
    code.add_data(address)
    rows = code.get_matrix()
    dark = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark)
    side = len(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" width="{side * 8}" height="{side * 8}" '
        f'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{dark}"/></svg>'
    )
