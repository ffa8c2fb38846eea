"""What browsers say that our pages' policy (Content-Security-Policy) did not let them do: counted, never kept."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request, Response

from handoff_service import metrics
from handoff_service.access import client_address
from handoff_service.errors import TooMany
from handoff_service.service import Service

PATH = "/csp"
MOST_BYTES = 16 * 1024
# What our policy has; whatever else somebody sends is one more kind.
DIRECTIVES = frozenset(
    {
        *("default-src", "script-src", "style-src", "img-src", "font-src", "connect-src", "frame-src", "form-action"),
        *("base-uri", "object-src", "frame-ancestors", "require-trusted-types-for", "trusted-types"),
    }
)


def router(service: Service) -> APIRouter:
    """POST /csp."""
    routes = APIRouter()

    @routes.post(PATH, include_in_schema=False, status_code=204)
    async def reported(request: Request) -> Response:
        """Counts a report by its directive; one too many is answered alike, for no browser sends it again."""
        body = await request.body()
        try:
            await service.limits.message(f"csp:{client_address(request)}")
        except TooMany:
            return Response(status_code=204)
        if len(body) <= MOST_BYTES:
            metrics.policy_reports.labels(directive_of(body)).inc()
        return Response(status_code=204)

    return routes


def directive_of(body: bytes) -> str:
    """Which directive a report (CSP level 2 and 3) names, "other" for all that we do not know. Pure."""
    try:
        report = json.loads(body)["csp-report"]
        named = str(report.get("effective-directive") or report["violated-directive"]).split()[0]
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
        return "other"
    named = named.removesuffix("-elem").removesuffix("-attr")
    return named if named in DIRECTIVES else "other"
