"""Requests to addresses that tenants configure never reach our own network (SSRF)."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable

import httpcore2
import httpx2

from handoff_service.errors import NotDelivered
from handoff_service.settings import Settings

MOST_LINES, MOST_IDLE, IDLE_S = 100, 20, 5.0  # of the pool of connections, as httpx2 has them
TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))  # NAT64


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet, also when it is an IPv4 address in an IPv6 one."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if any(ip in network for network in TRANSLATED):
            ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        else:
            ip = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)
    if isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local:  # fec0::/10, of the time before fc00::/7
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def client_for_platforms(settings: Settings) -> httpx2.AsyncClient:
    """Makes requests to addresses that tenants configure; outside development it reaches nothing but the internet."""
    guarded = settings.environment == "production"
    transport = PublicOnly() if guarded else httpx2.AsyncHTTPTransport(trust_env=False)
    return httpx2.AsyncClient(transport=transport, follow_redirects=False, trust_env=False)


class Internet(httpcore2.AsyncNetworkBackend):
    """Resolves a host once, refuses addresses that are not public, and connects to the very one that it checked."""

    def __init__(self, inner: httpcore2.AsyncNetworkBackend) -> None:
        self._inner = inner

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore2.ConnectError(f"{host} cannot be resolved") from error
        addresses = [str(one[4][0]) for one in found]
        # One private address among public ones would be an attempt to get by.
        if not addresses or not all(is_public(address) for address in addresses):
            raise NotDelivered(f"{host} is not an address of the internet", final=True)
        return await self._inner.connect_tcp(addresses[0], port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002 (httpcore's shape)
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore2.AsyncNetworkStream:
        raise NotDelivered(f"{path} is not an address of the internet", final=True)

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class PublicOnly(httpx2.AsyncHTTPTransport):
    """Reaches the internet only, and by https: only.

    A connection belongs to the name for which its certificate was checked: it is never used for another name that
    happens to resolve to the same address.
    """

    def __init__(self, network: httpcore2.AsyncNetworkBackend | None = None) -> None:
        context = httpx2.create_ssl_context(trust_env=False)
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context,
            max_connections=MOST_LINES,
            max_keepalive_connections=MOST_IDLE,
            keepalive_expiry=IDLE_S,
            network_backend=Internet(network or httpcore2.AnyIOBackend()),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.scheme != "https":
            raise NotDelivered("the account's address is not https:", final=True)
        return await super().handle_async_request(request)
