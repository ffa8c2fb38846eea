"""Requests to addresses that tenants configure never reach our own network (SSRF)."""

from __future__ import annotations

import asyncio
import ipaddress
import socket

import httpx2

from handoff_service.errors import NotDelivered
from handoff_service.settings import Settings

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
    transport: httpx2.AsyncBaseTransport = httpx2.AsyncHTTPTransport(trust_env=False)
    if settings.environment == "production":
        transport = PublicOnly(transport)
    return httpx2.AsyncClient(transport=transport, follow_redirects=False, trust_env=False)


class PublicOnly(httpx2.AsyncBaseTransport):
    """Resolves the host once, refuses addresses that are not public, and connects to the very one that it checked.

    TLS still checks the certificate of the host's name; plain http: is refused.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        host, port = request.url.host, request.url.port or 443
        if request.url.scheme != "https":
            raise NotDelivered("the account's address is not https:", final=True)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpx2.ConnectError(f"{host} cannot be resolved", request=request) from error
        addresses = [str(one[4][0]) for one in found]
        # One private address among public ones would be an attempt to get by.
        if not addresses or not all(is_public(address) for address in addresses):
            raise NotDelivered(f"{host} is not an address of the internet", final=True)
        pinned = httpx2.Request(
            method=request.method,
            url=request.url.copy_with(host=addresses[0]),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        return await self._inner.handle_async_request(pinned)

    async def aclose(self) -> None:
        await self._inner.aclose()
