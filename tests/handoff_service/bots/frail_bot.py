"""The far side of the wire to the bot, as frail as bots are: it dies, hangs, drips, and talks nonsense on command."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any


class FrailBot:
    """An HTTP server that answers turns as `mode` says; runs in the test's own event loop.

    Modes: answers, hangs, drips (a byte now and then), floods (a body without end), late (after `delay_s`), bubbles
    (fifty messages), html.
    """

    def __init__(self) -> None:
        self.mode = "answers"
        self.delay_s = 0.0
        self.asked: list[dict[str, Any]] = []
        self.headers: list[str] = []
        self.bytes_sent = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Listens, on the port of its earlier life if it had one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, backlog=1000)
        self._port = self._server.sockets[0].getsockname()[1]

    async def die(self) -> None:
        """Every connection breaks, and new ones are refused."""
        if self._server is None:
            return
        self._server.close()
        for writer in tuple(self._open):
            writer.transport.abort()
        await self._server.wait_closed()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while True:
                    await self._answer(reader, writer)
        except asyncio.CancelledError:
            pass  # the loop of the test ends
        finally:
            self._open.discard(writer)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(int(line[16:]) for line in head.splitlines() if line.lower().startswith("content-length: "))
        request = json.loads(await reader.readexactly(length))
        self.asked.append(request)
        self.headers.append(head)
        if self.mode == "hangs":
            await asyncio.sleep(3600)
        if self.mode == "late":
            await asyncio.sleep(self.delay_s)
        body = self._body(request)
        size = 10**9 if self.mode == "floods" else len(body)
        start = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n".encode()
        if self.mode == "drips":
            for byte in start + body:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.05)
            return
        writer.write(start)
        if self.mode == "floods":
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
                self.bytes_sent += 65536
        writer.write(body)
        await writer.drain()

    def _body(self, request: dict[str, Any]) -> bytes:
        if self.mode == "html":
            return b"<html>It works!</html>"
        message = {"text": f"answer to: {request['text']}", "kind": "answer", "buttons": [], "sources": []}
        said = {
            "turn": request["turn"],
            "duplicate": False,
            "messages": [message] * (50 if self.mode == "bubbles" else 1),
            "handoff": None,
            "nlu": {},
            "understanding": None,
            "slots": {},
            "active_loop": None,
            "took_ms": 1.0,
        }
        return json.dumps(said).encode()
