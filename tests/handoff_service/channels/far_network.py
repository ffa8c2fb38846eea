"""A network on which every address answers: notes who was called where, by which name, and what he was told."""

from __future__ import annotations

import ssl
from typing import Any

import httpcore2


class FarLine(httpcore2.AsyncNetworkStream):
    def __init__(self, network: FarNetwork, address: str) -> None:
        self._network, self._address = network, address
        self._said = b""
        self._left: list[bytes] = []

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._left.pop(0) if self._left else b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._said += buffer
        is_whole = self._said.startswith(b"GET") and self._said.endswith(b"\r\n\r\n")
        if is_whole or self._said.endswith(b"{}"):
            self._network.told.append((self._address, self._said))
            self._said, self._left = b"", [self._network.answer]

    async def aclose(self) -> None:
        self._network.closed += 1

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.AsyncNetworkStream:
        assert ssl_context.verify_mode is ssl.CERT_REQUIRED
        assert ssl_context.check_hostname
        self._network.names.append(server_hostname)
        return self

    def get_extra_info(self, info: str) -> Any:
        return {"is_readable": False}.get(info)


class FarNetwork(httpcore2.AsyncNetworkBackend):
    """`called` are the addresses that lines were opened to, `names` those whose certificates were asked for."""

    def __init__(self, answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") -> None:
        self.answer = answer
        self.called: list[str] = []
        self.names: list[str | None] = []
        self.told: list[tuple[str, bytes]] = []
        self.closed = 0

    async def connect_tcp(self, host: str, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        self.called.append(host)
        return FarLine(self, host)
