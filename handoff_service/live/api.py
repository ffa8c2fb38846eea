"""The WebSocket endpoint: who may open a socket, and the hello that starts it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from handoff_service import metrics
from handoff_service.agents import store as agents
from handoff_service.agents.sign_in import keep_session
from handoff_service.bell import desk_topic
from handoff_service.clock import iso
from handoff_service.conversations import store
from handoff_service.conversations.access import visible
from handoff_service.conversations.model import Conversation
from handoff_service.conversations.receive import MAX_CHARS
from handoff_service.database import Transaction
from handoff_service.errors import NotFound, TandemError, Unavailable
from handoff_service.inputs import is_name
from handoff_service.live.frames import cursor, receive_json
from handoff_service.live.principal import Principal, redeem_ticket
from handoff_service.live.session import MAX_FOLLOWED, Session
from handoff_service.migrate import log_id
from handoff_service.service import Service
from handoff_service.tickets.looks import look_for

log = structlog.get_logger()

PATH = "/v1/ws"
PROTOCOL = "tandem.v1"
HELLO_S = 5.0


class Door:
    """Serves the sockets before the framework's routing sees them.

    What it wraps around a request lives as long as the request does, and a socket lives for hours: without it a
    silent one costs a third less memory.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket" or scope["path"] != PATH:
            await self._app(scope, receive, send)
            return
        websocket, service = WebSocket(scope, receive, send), self._service
        if not await _is_from_our_pages(service, websocket.headers.get("origin")):
            await websocket.close(4403)  # before accept: the handshake fails with 403
            return
        try:
            service.sockets.take()
        except Unavailable as full:
            await _deny(websocket, full)
            return
        try:
            await _serve(service, websocket)
        finally:
            service.sockets.give_back()


async def _is_from_our_pages(service: Service, origin: str | None) -> bool:
    """Whether a browser page of this origin may open a socket: the gateway's own, or one that a tenant has listed."""
    if origin is None:
        return False
    mine = urlsplit(service.settings.gateway_url)
    return origin == f"{mine.scheme}://{mine.netloc}" or await service.origins.allow(origin)


async def _deny(websocket: WebSocket, error: TandemError) -> None:
    """Answers the handshake with the HTTP status of the error."""
    headers = {"Retry-After": str(error.extra["retry_after_s"])}
    await websocket.send_denial_response(
        JSONResponse({"error": error.as_json()}, status_code=error.status, headers=headers)
    )


async def _serve(service: Service, websocket: WebSocket) -> None:
    offered = websocket.headers.get("sec-websocket-protocol", "")
    await websocket.accept(subprotocol=PROTOCOL if PROTOCOL in offered else None)
    try:
        hello = await _hello(websocket)
        greeting = await _greet(service, hello)
    except _Refused as refused:
        await websocket.close(refused.code, refused.reason[:120])
        return
    except WebSocketDisconnect:
        return
    session = Session(websocket, greeting.principal, service=service, device=hello.device)
    structlog.contextvars.bind_contextvars(session=session.id)  # for the task that serves this socket
    try:
        await _welcome(service, websocket, session, greeting)
    except WebSocketDisconnect:
        return  # hung up before the welcome
    del hello, greeting
    if session.principal.agent is None:
        await session.run()
        return
    node = None if service.database.exclusive else websocket.app.state.nodes.node
    async with _desk(service, session, node):
        await session.run()


class _Refused(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


@dataclass(frozen=True, slots=True)
class _Hello:
    ticket: str
    device: str
    language: str | None
    subs: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class _Greeting:
    """Who has come, and what of his conversations there is."""

    principal: Principal
    log_id: str
    current: Conversation | None
    subs: Mapping[str, int | TandemError]  # conversation → cursor, or why it cannot be followed


async def _hello(websocket: WebSocket) -> _Hello:
    """The client's first frame. Raises _Refused and WebSocketDisconnect."""
    try:
        hello = await asyncio.wait_for(receive_json(websocket), HELLO_S)
        if hello["t"] != "hello" or hello["proto"] != 1:
            raise _Refused(4400, "The first frame is hello with proto 1.")
        ticket, device = str(hello["ticket"]), hello.get("device", "unnamed")
        subs = tuple((sub["conv"], int(sub["after"])) for sub in hello.get("subs", [])[:MAX_FOLLOWED])
        if not all(is_name(name) for name in (device, *dict(subs))):
            raise _Refused(4400, "`device` and `conv` are 1 to 64 letters, digits, - or _.")
        language = hello.get("language")
        return _Hello(ticket, device, language if language in ("zh", "en") else None, subs)
    except (ValueError, KeyError, TypeError, OverflowError, TimeoutError) as error:
        raise _Refused(4400, "The first frame is hello, within five seconds.") from error


async def _greet(service: Service, hello: _Hello) -> _Greeting:
    """Redeems the ticket and looks up everything that the welcome needs, in one transaction. Raises _Refused."""

    def greet(tx: Transaction) -> _Greeting:
        principal = redeem_ticket(tx, hello.ticket, service.clock())
        current = None
        if (sender := principal.customer) is not None:
            principal = Principal(customer=replace(sender, language=hello.language or sender.language))
            current = store.current(tx.connection, sender.tenant, sender.channel, sender.contact)
        subs: dict[str, int | TandemError] = {}
        for conversation, after in hello.subs:
            try:
                same = current if current is not None and current.id == conversation else None
                found = same or visible(tx.connection, principal, conversation)
                subs[conversation] = cursor(after, found.last_seq)
            except NotFound as error:
                subs[conversation] = error
        return _Greeting(principal, log_id(tx.connection), current, subs)

    try:
        async with service.load.greetings.passing():
            # Without an fsync: a power failure may give a used ticket back, for what is left of its thirty seconds.
            return await service.database.write(greet, durable=False)
    except Unavailable as error:
        raise _Refused(1013, error.message) from error
    except TandemError as error:
        raise _Refused(4401, error.message) from error


async def _welcome(service: Service, websocket: WebSocket, session: Session, greeting: _Greeting) -> None:
    current = greeting.current
    welcome = {
        "t": "welcome",
        "session": session.id,
        "log_id": greeting.log_id,
        "server_time": iso(service.clock()),
        "principal": describe(greeting.principal),
        "limits": {"text_chars": MAX_CHARS},
        "current": {"conv": current.id, "last_seq": current.last_seq} if current else None,
    }
    await websocket.send_text(json.dumps(welcome, ensure_ascii=False))
    for conversation, found in greeting.subs.items():
        if isinstance(found, TandemError):
            session.say({"t": "err", "conv": conversation, **found.as_json()})
        else:
            session.follow(conversation, found)
    if current is not None and not session.is_following(current.id):
        session.follow(current.id, 0)
    if any(isinstance(found, int) and found for found in greeting.subs.values()):
        metrics.reconnects.inc()


def describe(principal: Principal) -> dict[str, Any]:
    if principal.customer is not None:
        return {"kind": "customer", "id": principal.customer.contact, "name": principal.customer.name}
    agent = principal.as_agent()
    return {"kind": "agent", "id": agent.id, "name": agent.name, "role": agent.role}


@contextlib.asynccontextmanager
async def _desk(service: Service, session: Session, node: str | None) -> AsyncIterator[None]:
    """Keeps the lease of an agent's desk while it is connected; presence is nothing more than that.

    His sign-in does not become idle while he writes here.
    """
    agent = session.principal.as_agent()
    lease = timedelta(seconds=service.settings.desk_lease_s)

    async def keep(*, arrived: bool = False) -> None:
        def renew(tx: Any) -> None:
            now = service.clock()
            desk = (agent.tenant, agent.id, session.id)
            agents.keep_desk(tx.connection, *desk, now=now, until=now + lease, node=node)
            if arrived:
                look_for(tx.connection, agent.tenant, agent.id, now)
                tx.ring(desk_topic(agent.tenant))

        await service.database.write(renew)
        if session.principal.sign_in and session.spoke:
            session.spoke = False
            await keep_session(service.database, session.principal.sign_in, now=service.clock())

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
