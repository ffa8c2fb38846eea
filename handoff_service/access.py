"""Who is asking: the dependencies that every HTTP route names, so that none is open by accident."""

from __future__ import annotations

from typing import Any

from fastapi import Request

from handoff_service.agents.lending import serving
from handoff_service.agents.model import Agent
from handoff_service.agents.sign_in import session_agent
from handoff_service.callers import Caller, caller_of
from handoff_service.channels.web_widget import renew_token, sender_of
from handoff_service.conversations.receive import Sender
from handoff_service.database import Transaction
from handoff_service.errors import Forbidden, Unauthorized
from handoff_service.ids import token_hash
from handoff_service.integrators.keys import caller_with
from handoff_service.live.principal import Principal, issue_ticket
from handoff_service.permissions import Permission, require
from handoff_service.service import Service

COOKIE = "tandem_desk"
# The header with which an agent who serves several tenants says for which one he acts; without it, for his own.
SPEAKING_AS = "x-speaking-as"


def cookie_name(service: Service) -> str:
    """With TLS the name carries the prefix that binds the cookie to this host (RFC 6265bis)."""
    return f"__Host-{COOKIE}" if service.settings.gateway_url.startswith("https:") else COOKIE


def cookie_rights(service: Service) -> dict[str, Any]:
    """Out of reach for scripts and other sites; the same for setting and deleting, or a browser ignores the latter."""
    return {"httponly": True, "samesite": "strict", "secure": service.settings.gateway_url.startswith("https:")}


class Access:
    """Dependencies for routes; each raises Unauthorized or Forbidden."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def agent(self, request: Request) -> Agent:
        """A signed-in agent; a change also needs the header that other sites cannot send (CSRF)."""
        if request.method != "GET" and request.headers.get("x-requested-by") != "console":
            raise Forbidden("The header X-Requested-By: console is missing.")
        token, now = request.cookies.get(cookie_name(self._service)), self._service.clock()
        home = await session_agent(self._service.database, token, self._service.settings, now=now)
        client = request.headers.get(SPEAKING_AS)
        if client is None and request.method == "GET":  # a link, to which a browser adds no header
            client = request.query_params.get("speaking_as")
        if client is None or client == home.tenant:
            return home
        return await self._service.database.read(lambda connection: serving(connection, home, client))

    async def customer(self, request: Request) -> Sender:
        """A customer with his visitor token."""
        token = _visitor_token(request)
        return await self._service.database.read(lambda c: sender_of(c, token, self._service.clock()))

    async def principal(self, request: Request) -> Principal:
        """A customer, or an agent who may read conversations; the token decides."""
        if "authorization" in request.headers:
            return Principal(customer=await self.customer(request))
        agent = await self.agent(request)
        require(agent, Permission.CONVERSATIONS_READ)
        return Principal(agent=agent, sign_in=token_hash(request.cookies[cookie_name(self._service)]))

    async def ticket(self, request: Request) -> str:
        """A ticket for a socket of either; for a customer in one transaction, because after a break all want one."""
        now = self._service.clock()
        async with self._service.load.tickets.passing():
            if "authorization" not in request.headers:
                principal = await self.principal(request)
                return await self._service.database.write(lambda tx: issue_ticket(tx, principal, now), durable=False)
            token = _visitor_token(request)

            def issue(tx: Transaction) -> str:
                principal = Principal(customer=sender_of(tx.connection, token, now))
                renew_token(tx.connection, token, self._service.settings, now)
                return issue_ticket(tx, principal, now)

            return await self._service.database.write(issue, durable=False)

    def may(self, permission: Permission) -> AgentDoor:
        """An agent whose role has the permission."""
        return AgentDoor(self, permission)

    def calls(self, permission: Permission) -> CallerDoor:
        """Whoever has the permission: an agent with his cookie, or an integrator with an API key."""
        return CallerDoor(self, permission)

    async def caller(self, request: Request) -> Caller:
        """An agent with his cookie, or an integrator with an API key."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return caller_of(await self.agent(request))
        caller = await caller_with(self._service.database, key, self._service.clock())
        await self._service.limits.api(caller.actor)
        return caller


class AgentDoor:
    """A dependency that lets in agents whose role has `permission`; tests compare it with the list of all routes."""

    def __init__(self, access: Access, permission: Permission) -> None:
        self.permission = permission
        self._access = access

    async def __call__(self, request: Request) -> Agent:
        """The agent. Raises Unauthorized, Forbidden."""
        agent = await self._access.agent(request)
        require(agent, self.permission)
        return agent


class CallerDoor:
    """The same for agents and integrators."""

    def __init__(self, access: Access, permission: Permission) -> None:
        self.permission = permission
        self._access = access

    async def __call__(self, request: Request) -> Caller:
        """The caller. Raises Unauthorized, Forbidden."""
        caller = await self._access.caller(request)
        caller.require(self.permission)
        return caller


def _visitor_token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized("The visitor token is missing.")
    return token


def client_address(request: Request) -> str:
    """The address that rate limits count."""
    client: Any = request.client
    return client.host if client else "unknown"
