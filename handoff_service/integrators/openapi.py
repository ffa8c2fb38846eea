"""GET /openapi.json: the routes that integrators may build on, with examples, and what webhooks send them."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from handoff_service.access import CallerDoor
from handoff_service.admin import api as admin_api
from handoff_service.channels import accounts_api
from handoff_service.integrators import admin_api as keys_api
from handoff_service.integrators import api
from handoff_service.integrators.examples import EVENTS
from handoff_service.integrators.route_examples import EXAMPLES
from handoff_service.public_mentions import api as mentions_api
from handoff_service.service import Service
from handoff_service.tickets import api as tickets_api
from handoff_service.webhooks import api as webhooks_api
from handoff_service.webhooks.model import MOST_ATTEMPTS, SCHEDULE_S

# Of these every route is described that takes API keys; agents' own, which do not, are not for integrators.
MODULES = (api, tickets_api, admin_api, accounts_api, mentions_api, webhooks_api, keys_api)
ABOUT = f"""\
Every request carries `Authorization: Bearer <API key>`. Every change carries an `Idempotency-Key` of 8 to 64 letters,
digits, `-` or `_`: sent again, it has the recorded answer and changes nothing. Lists are read page by page with
`cursor`. Errors are `{{"error": {{"code", "message", "retryable"}}}}`; 429 says in `Retry-After` when to come back.

Webhooks are signed as in Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature) and tried up to
{MOST_ATTEMPTS} times: at once, then after {", ".join(map(str, SCHEDULE_S))} seconds. What concerns the same
conversation arrives in order; `webhook-id` is the same in every attempt.
"""


def router(service: Service) -> APIRouter:
    routes = APIRouter()

    @cache
    def document() -> dict[str, Any]:
        return described(service)

    @routes.get("/openapi.json")
    async def openapi() -> dict[str, Any]:
        """The description of the API."""
        return document()

    return routes


def described(service: Service) -> dict[str, Any]:
    """The OpenAPI document of the public routes, and of nothing else."""
    public = FastAPI(title="Tandem", version="1", description=ABOUT)
    for module in MODULES:
        public.router.routes += [one for one in module.router(service).routes if takes_keys(one)]
    whole = public.openapi()
    for route, (sent, answer) in EXAMPLES.items():
        method, _, path = route.partition(" ")
        _show(whole["paths"][path][method.lower()], sent, answer)
    whole["webhooks"] = {event: {"post": _webhook(event, data)} for event, data in EVENTS.items()}
    whole["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    whole["security"] = [{"key": []}]
    return whole


def takes_keys(route: BaseRoute) -> bool:
    """Whether integrators may ask this route."""
    return isinstance(route, APIRoute) and any(isinstance(one.call, CallerDoor) for one in route.dependant.dependencies)


def _show(operation: dict[str, Any], sent: dict[str, Any] | None, answer: dict[str, Any]) -> None:
    """Puts an example into the description of a route."""
    taken = next(one for status, one in operation["responses"].items() if status.startswith("2"))
    taken["content"]["application/json"]["example"] = answer
    if sent is not None:
        operation["requestBody"]["content"]["application/json"]["example"] = sent


def _webhook(event: str, data: dict[str, Any]) -> dict[str, Any]:
    example = {"type": event, "timestamp": "2026-11-22T02:19:41.002000Z", "data": data}
    schema = {"type": "object", "required": ["type", "timestamp", "data"]}
    return {
        "requestBody": {"content": {"application/json": {"schema": schema, "example": example}}},
        "responses": {"2XX": {"description": "Taken. Anything else is tried again; 410 switches the webhook off."}},
    }
