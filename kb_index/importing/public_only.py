"""Pages from the internet and from nowhere else: addresses that an import names never reach our own network (SSRF)."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

import httpx2

from kb_index.errors import SourceUnreadable

AGENT = "TandemImport"
LARGEST_PAGE = 8 * 1024 * 1024
"""Bytes of one page after unpacking."""
MOST_REDIRECTS = 5
SECONDS_TO_CONNECT, SECONDS_FOR_A_PAGE = 5.0, 30.0
TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))  # NAT64
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Page:
    """An answer of a server: 304 has no content; address is the one after redirects."""

    address: str
    status: int
    kind: str = ""
    content: bytes = b""
    validators: Mapping[str, str] = field(default_factory=dict)


def is_public(address: str, *, allowed: Collection[str] = ()) -> bool:
    """Whether an IP address is one of the internet, or was allowed; IPv4 inside IPv6 counts as IPv4."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if str(ip) in allowed:
        return True
    if isinstance(ip, ipaddress.IPv6Address):
        if any(ip in network for network in TRANSLATED):
            ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        else:
            ip = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


class PublicOnly(httpx2.BaseTransport):
    """Resolves the host once, refuses addresses that are not public, and connects to the very one that it checked.

    A name that resolves to something else the next time (DNS rebinding) therefore changes nothing. TLS still checks
    the certificate of the host's name.
    """

    def __init__(self, inner: httpx2.BaseTransport, *, allowed: Collection[str] = ()) -> None:
        self._inner = inner
        self._allowed = frozenset(allowed)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        host, scheme = request.url.host, request.url.scheme
        if scheme not in _PORTS:
            raise SourceUnreadable(str(request.url), "only http: and https: addresses are imported")
        try:
            found = socket.getaddrinfo(host, request.url.port or _PORTS[scheme], type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpx2.ConnectError(f"{host} cannot be resolved", request=request) from error
        addresses = [str(one[4][0]) for one in found]
        # One private address among public ones would be an attempt to get by.
        refused = [address for address in addresses if not is_public(address, allowed=self._allowed)]
        if refused or not addresses:
            why = f"{host} is {refused[0]}, no address of the internet; --allow-address {refused[0]} allows it"
            raise SourceUnreadable(str(request.url), why)
        pinned = httpx2.Request(
            method=request.method,
            url=request.url.copy_with(host=addresses[0]),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        return self._inner.handle_request(pinned)

    def close(self) -> None:
        self._inner.close()


class Fetch:
    """Gets pages of the hosts that may be read, one after the other with a pause between them."""

    def __init__(self, *, hosts: Collection[str], allowed: Collection[str], pause: float) -> None:
        self._hosts = {host.lower() for host in hosts}
        self._pause = pause
        self._last = float("-inf")
        timeout = httpx2.Timeout(SECONDS_FOR_A_PAGE, connect=SECONDS_TO_CONNECT)
        transport = PublicOnly(httpx2.HTTPTransport(trust_env=False), allowed=allowed)
        self._client = httpx2.Client(
            transport=transport,
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": AGENT, "Accept": "text/html, application/xhtml+xml, application/xml, text/*;q=0.8"},
        )

    def slower(self, pause: float) -> None:
        """What robots.txt asks for, at most 30 seconds."""
        self._pause = max(self._pause, min(pause, 30.0))

    def may_read(self, address: str) -> bool:
        """Whether the host is on the list: by its name on the common ports, else by name and port."""
        try:
            url = httpx2.URL(address)
        except (httpx2.InvalidURL, ValueError):
            return False
        host = url.host.lower()
        wanted = host if url.port in (None, 80, 443) else f"{host}:{url.port}"
        return url.scheme in _PORTS and not url.userinfo and wanted in self._hosts

    def get(self, address: str, *, headers: Mapping[str, str] | None = None) -> Page:
        """One page; raises SourceUnreadable for what may not, cannot or takes too long or too much to be read."""
        for _ in range(MOST_REDIRECTS + 1):
            if not self.may_read(address):
                raise SourceUnreadable(address, "its host is not on the list: add it with --host")
            page = self._get_once(address, headers or {})
            if not 300 <= page.status < 400 or page.status == 304:
                return page
            address = page.address
        raise SourceUnreadable(address, f"more than {MOST_REDIRECTS} redirects")

    def _get_once(self, address: str, headers: Mapping[str, str]) -> Page:
        wait = self._last + self._pause - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        try:
            with self._client.stream("GET", address, headers=dict(headers)) as response:
                target = response.headers.get("location")
                if 300 <= response.status_code < 400 and response.status_code != 304 and target:
                    return Page(urljoin(address, target), response.status_code)
                content = _limited(response, address)
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
            raise SourceUnreadable(address, f"cannot be read: {error or type(error).__name__}") from error
        finally:
            self._last = time.monotonic()
        names = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
        validators = {asked: response.headers[name] for name, asked in names.items() if name in response.headers}
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Page(address, response.status_code, kind, content, validators)

    def close(self) -> None:
        self._client.close()


def _limited(response: httpx2.Response, address: str) -> bytes:
    """The unpacked content; stops reading where it is too much or takes too long."""
    until = time.monotonic() + SECONDS_FOR_A_PAGE
    content = bytearray()
    for piece in response.iter_bytes(64 * 1024):
        content += piece
        if len(content) > LARGEST_PAGE:
            raise SourceUnreadable(address, f"it is larger than {LARGEST_PAGE} bytes")
        if time.monotonic() > until:
            raise SourceUnreadable(address, f"it took longer than {SECONDS_FOR_A_PAGE:.0f} s")
    return bytes(content)
