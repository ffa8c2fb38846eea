"""GET /openapi.json: the routes that integrators may build on, with examples, and what webhooks send them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi

from handoff_service.integrators.examples import EVENTS
from handoff_service.service import Service
from handoff_service.webhooks.model import MOST_ATTEMPTS, SCHEDULE_S

PUBLIC = ("/v1/api/", "/v1/admin/")
ABOUT = f"""\
Every request carries `Authorization: Bearer <API key>`. Every change carries an `Idempotency-Key` of 8 to 64 letters,
digits, `-` or `_`: sent again, it has the recorded answer and changes nothing. Lists are read page by page with
`cursor`. Errors are `{{"error": {{"code", "message", "retryable"}}}}`; 429 says in `Retry-After` when to come back.

Webhooks are signed as in Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature) and tried up to
{MOST_ATTEMPTS} times: at once, then after {", ".join(map(str, SCHEDULE_S))} seconds. What concerns the same
conversation arrives in order; `webhook-id` is the same in every attempt.
"""


def router(service: Service) -> APIRouter:  # noqa: ARG001 (the routers' shape)
    routes = APIRouter()

    @routes.get("/openapi.json")
    async def openapi(request: Request) -> dict[str, Any]:
        """The description of the API, made once."""
        app = request.app
        if getattr(app.state, "openapi", None) is None:
            app.state.openapi = described(app)
        found: dict[str, Any] = app.state.openapi
        return found

    return routes


def described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the public routes."""
    whole = get_openapi(title="Tandem", version="1", description=ABOUT, routes=app.routes)
    paths = {path: item for path, item in whole["paths"].items() if path.startswith(PUBLIC)}
    whole["paths"] = paths
    whole["webhooks"] = {event: {"post": _webhook(event, data)} for event, data in EVENTS.items()}
    components = whole.setdefault("components", {})
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    components["schemas"] = _used(components.get("schemas", {}), paths)
    whole["security"] = [{"key": []}]
    return whole


def _webhook(event: str, data: dict[str, Any]) -> dict[str, Any]:
    example = {"type": event, "timestamp": "2026-11-22T02:19:41.002000Z", "data": data}
    schema = {"type": "object", "required": ["type", "timestamp", "data"]}
    return {
        "requestBody": {"content": {"application/json": {"schema": schema, "example": example}}},
        "responses": {"2XX": {"description": "Taken. Anything else is tried again; 410 switches the webhook off."}},
    }


def _used(schemas: dict[str, Any], paths: dict[str, Any]) -> dict[str, Any]:
    """The schemas that these paths mention, and those that they mention: nothing else of the gateway is shown."""
    used: set[str] = set()
    waiting: list[Any] = [paths]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            name = str(one.get("$ref", "")).rpartition("/")[2]
            if name and name not in used and name in schemas:
                used.add(name)
                waiting.append(schemas[name])
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return {name: schema for name, schema in schemas.items() if name in used}
