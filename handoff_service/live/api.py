"""The WebSocket endpoint: who may open a socket, and the hello that starts it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from handoff_service.access import cookie_name
from handoff_service.agents import store as agents
from handoff_service.agents.sign_in import keep_session
from handoff_service.bell import desk_topic
from handoff_service.clock import iso
from handoff_service.conversations import store
from handoff_service.conversations.access import visible
from handoff_service.conversations.receive import MAX_CHARS
from handoff_service.errors import TandemError
from handoff_service.inputs import is_name
from handoff_service.live.frames import cursor
from handoff_service.live.principal import Principal, redeem_ticket
from handoff_service.live.session import MAX_FOLLOWED, Session, receive_json
from handoff_service.migrate import log_id
from handoff_service.service import Service
from handoff_service.tenants import store as tenants

log = structlog.get_logger()

PROTOCOL = "tandem.v1"
HELLO_S = 5.0


def origin_allowed(origin: str | None, own: str, allowed: frozenset[str]) -> bool:
    """Whether a browser page of this origin may open a socket: the gateway's own, or one that a tenant has listed."""
    if origin is None:
        return False
    mine = urlsplit(own)
    return origin == f"{mine.scheme}://{mine.netloc}" or origin in allowed


def router(service: Service) -> APIRouter:
    routes = APIRouter()

    @routes.websocket("/v1/ws")
    async def socket(websocket: WebSocket) -> None:
        everyone = await service.database.read(tenants.everyone)
        allowed = frozenset(origin for tenant in everyone for origin in tenant.settings.allowed_origins)
        if not origin_allowed(websocket.headers.get("origin"), service.settings.gateway_url, allowed):
            await websocket.close(4403)  # before accept: the handshake fails with 403
            return
        offered = websocket.headers.get("sec-websocket-protocol", "")
        await websocket.accept(subprotocol=PROTOCOL if PROTOCOL in offered else None)
        try:
            session, hello = await _hello(service, websocket)
        except _Refused as refused:
            await websocket.close(refused.code, refused.reason[:120])
            return
        except WebSocketDisconnect:
            return
        async with _desk(service, session, websocket.cookies.get(cookie_name(service))):
            hung_up = contextlib.suppress(WebSocketDisconnect)  # before the welcome
            with structlog.contextvars.bound_contextvars(session=session.id), hung_up:
                await _welcome(service, websocket, session, hello)
                await session.run()

    return routes


class _Refused(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


async def _hello(service: Service, websocket: WebSocket) -> tuple[Session, dict[str, Any]]:
    try:
        hello = await asyncio.wait_for(receive_json(websocket), HELLO_S)
        if hello["t"] != "hello" or hello["proto"] != 1:
            raise _Refused(4400, "The first frame is hello with proto 1.")
        ticket, device = str(hello["ticket"]), hello.get("device", "unnamed")
        subs = [(sub["conv"], int(sub["after"])) for sub in hello.get("subs", [])[:MAX_FOLLOWED]]
        if not all(is_name(name) for name in (device, *dict(subs))):
            raise _Refused(4400, "`device` and `conv` are 1 to 64 letters, digits, - or _.")
    except (ValueError, KeyError, TypeError, OverflowError, TimeoutError) as error:
        raise _Refused(4400, "The first frame is hello, within five seconds.") from error
    try:
        principal = await service.database.write(lambda tx: redeem_ticket(tx, ticket, service.clock()))
    except TandemError as error:
        raise _Refused(4401, error.message) from error
    if principal.customer is not None and hello.get("language") in ("zh", "en"):
        principal = Principal(customer=replace(principal.customer, language=hello["language"]))
    session = Session(
        websocket,
        principal,
        database=service.database,
        bell=service.bell,
        settings=service.settings,
        clock=service.clock,
        handlers=service.frames,
        device=device,
    )
    return session, {"subs": subs}


async def _welcome(service: Service, websocket: WebSocket, session: Session, hello: dict[str, Any]) -> None:
    principal = session.principal
    current = None
    if principal.customer is not None:
        sender = principal.customer
        current = await service.database.read(
            lambda connection: store.current(connection, sender.tenant, sender.channel, sender.contact)
        )
    welcome = {
        "t": "welcome",
        "session": session.id,
        "log_id": await service.database.read(log_id),
        "server_time": iso(service.clock()),
        "principal": describe(principal),
        "limits": {"text_chars": MAX_CHARS},
        "current": {"conv": current.id, "last_seq": current.last_seq} if current else None,
    }
    await websocket.send_text(json.dumps(welcome, ensure_ascii=False))
    for conversation, after in hello["subs"]:
        try:
            found = await service.database.read(
                lambda connection, c=conversation: visible(connection, principal, c)  # type: ignore[misc]
            )
        except TandemError as error:
            session.say({"t": "err", "conv": conversation, **error.as_json()})
        else:
            session.follow(conversation, cursor(after, found.last_seq))


def describe(principal: Principal) -> dict[str, Any]:
    if principal.customer is not None:
        return {"kind": "customer", "id": principal.customer.contact, "name": principal.customer.name}
    agent = principal.as_agent()
    return {"kind": "agent", "id": agent.id, "name": agent.name, "role": agent.role}


@contextlib.asynccontextmanager
async def _desk(service: Service, session: Session, token: str | None) -> AsyncIterator[None]:
    """Keeps the lease of an agent's desk while it is connected; presence is nothing more than that.

    `token` is that of the agent's session, which does not become idle while he writes here.
    """
    if session.principal.agent is None:
        yield
        return
    agent = session.principal.agent
    lease = timedelta(seconds=service.settings.desk_lease_s)

    async def keep(*, arrived: bool = False) -> None:
        def renew(tx: Any) -> None:
            now = service.clock()
            agents.keep_desk(tx.connection, agent.tenant, agent.id, session.id, now=now, until=now + lease)
            if arrived:
                tx.ring(desk_topic(agent.tenant))

        await service.database.write(renew)
        if token and session.spoke:
            session.spoke = False
            await keep_session(service.database, token, now=service.clock())

    async def keep_on() -> None:
        while True:
            await asyncio.sleep(service.settings.desk_lease_s / 3)
            with contextlib.suppress(TandemError):
                await keep()

    await keep(arrived=True)
    keeping = asyncio.create_task(keep_on())
    try:
        yield
    finally:
        keeping.cancel()

        def end(tx: Any) -> None:
            agents.end_desk(tx.connection, agent.tenant, agent.id, session.id, now=service.clock())
            tx.ring(desk_topic(agent.tenant))

        with contextlib.suppress(TandemError):
            await asyncio.shield(service.database.write(end))
