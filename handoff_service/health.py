"""What a watcher may ask a gateway: whether it lives, whether it is ready, and its metrics."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import math

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from handoff_service import metrics
from handoff_service.channels import store as accounts
from handoff_service.errors import NotFound, TandemError
from handoff_service.service import Service
from handoff_service.vitals import Vitals, measure, probe

# Longer than SQLite waits for a lock; a database that hangs must not let the watcher hang with it.
PATIENCE_S = 8.0
# Deadlines that passed this long ago mean that no sweeper works; one sweep may take a moment.
OVERDUE_S = 15.0
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


def router(service: Service) -> APIRouter:
    """GET /healthz, /readyz and /metrics."""
    routes = APIRouter()

    @routes.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/readyz")
    async def readyz(request: Request) -> JSONResponse:
        """503 when messages cannot be taken; "degraded" with the reasons when they can, but answers come late."""
        if any(task.done() for task in request.app.state.tasks):
            return _not_ready("a worker has stopped")
        if not request.app.state.nodes.ready:  # starting, or it was stopped so long that others took over its work
            return _not_ready("this node is not registered")
        try:
            async with asyncio.timeout(PATIENCE_S):
                node = request.app.state.nodes.node
                await service.database.write(lambda tx: probe(tx, node, service.clock()))
                vitals = await service.database.read(lambda connection: measure(connection, service.clock()))
        except TimeoutError:
            return _not_ready(f"database: no answer within {PATIENCE_S:.0f} s")
        except (TandemError, sa.exc.SQLAlchemyError) as error:
            return _not_ready(f"database: {_without_details(error)}")
        reasons = _what_is_late(service, vitals)
        return JSONResponse(
            {
                "status": "degraded" if reasons else "ok",
                "reasons": reasons,
                "queue_age_s": round(vitals.queue_age, 3),
                "outbox_age_s": round(vitals.outbox_age, 3),
                "oldest_unowned_s": round(vitals.oldest_unowned, 3),
            }
        )

    @routes.get("/metrics")
    async def show_metrics(request: Request) -> Response:
        """Prometheus' text format, for the machine's own watcher or whoever holds the token."""
        if not _may_read_metrics(request, service):
            raise NotFound("There is nothing at /metrics.")
        try:
            async with asyncio.timeout(PATIENCE_S):
                vitals = await service.database.read(lambda connection: measure(connection, service.clock()))
                standing = await service.database.read(accounts.standing)
        except (TimeoutError, TandemError, sa.exc.SQLAlchemyError):
            vitals = Vitals(math.nan, math.nan, math.nan)  # the last known value would look healthy
            standing = []
        metrics.queue_age.set(vitals.queue_age)
        metrics.outbox_age.set(vitals.outbox_age)
        metrics.oldest_unowned.set(vitals.oldest_unowned)
        metrics.set_accounts(standing)
        return Response(metrics.page(), media_type=metrics.CONTENT_TYPE)

    return routes


def _not_ready(reason: str) -> JSONResponse:
    return JSONResponse({"status": "not ready", "reason": reason}, status_code=503)


def _without_details(error: Exception) -> str:
    """Strangers may ask; they learn what kind of failure it is, but no SQL and no path."""
    return error.message if isinstance(error, TandemError) else error.__class__.__name__


def _what_is_late(service: Service, vitals: Vitals) -> list[str]:
    reasons = []
    wire = service.bell.wire
    if not service.database.hears or (wire is not None and not wire.hears):
        reasons.append("this gateway does not hear the others: what they append shows up here only by polling")
    if vitals.outbox_age > service.settings.reply_deadline_s:
        reasons.append(f"outbox: the oldest unfinished effect is {vitals.outbox_age:.0f} s old")
    if vitals.oldest_unowned > OVERDUE_S + 3 * service.settings.sweep_s:
        reasons.append(f"sweeper: a conversation has been overdue for {vitals.oldest_unowned:.0f} s")
    return reasons


def _may_read_metrics(request: Request, service: Service) -> bool:
    """With a token set, only its holder; else only this machine, and nobody who comes through a proxy on it."""
    token = service.settings.metrics_token.get_secret_value()
    if token:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())
    if any(name in request.headers for name in FORWARDED) or request.client is None:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
