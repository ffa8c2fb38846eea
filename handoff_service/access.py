"""Who is asking: the dependencies that every HTTP route names, so that none is open by accident."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request

from handoff_service.agents.model import Agent, Role
from handoff_service.agents.sign_in import session_agent
from handoff_service.channels.web_widget import renew_token, sender_of
from handoff_service.conversations.receive import Sender
from handoff_service.database import Transaction
from handoff_service.errors import Forbidden, Unauthorized
from handoff_service.ids import token_hash
from handoff_service.live.principal import Principal, issue_ticket
from handoff_service.service import Service

COOKIE = "tandem_desk"


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
        return await session_agent(self._service.database, token, self._service.settings, now=now)

    async def customer(self, request: Request) -> Sender:
        """A customer with his visitor token."""
        token = _visitor_token(request)
        return await self._service.database.read(lambda c: sender_of(c, token, self._service.clock()))

    async def principal(self, request: Request) -> Principal:
        """Either of the two; the token decides."""
        if "authorization" in request.headers:
            return Principal(customer=await self.customer(request))
        agent = await self.agent(request)
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

    def role(self, *roles: Role) -> Callable[[Request], Awaitable[Agent]]:
        """An agent with one of these roles."""

        async def check(request: Request) -> Agent:
            agent = await self.agent(request)
            if agent.role not in roles:
                raise Forbidden(f"This needs the role {' or '.join(roles)}.")
            return agent

        return check


def _visitor_token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized("The visitor token is missing.")
    return token


def client_address(request: Request) -> str:
    """The address that rate limits count."""
    client: Any = request.client
    return client.host if client else "unknown"
