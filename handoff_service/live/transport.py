"""uvicorn's WebSocket protocol with bounds on what a client can make it do before the application sees anything.

The application reads at its own pace, and reading from the network pauses while it is behind. What is left are control
frames, fragments and the bytes of one read, which uvicorn takes in without a limit.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

PIECE = 4096  # bytes that are parsed before anybody else gets a turn: some hundred of the smallest frames
PING_EVERY_S, PINGS_AT_ONCE = 0.2, 20
MOST_FRAGMENTS = 64  # a message of 64 KiB in any sensible pieces
LINGER_S = 2.0
FLOOD = 1008


class SocketProtocol(WebSocketsSansIOProtocol):
    """Closes with 1008 who floods it with pings or fragments; gives up who does not even take the close."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._unparsed = b""
        self._pings_until = 0.0
        self._heard_at = 0.0

    def data_received(self, data: bytes) -> None:
        self._heard_at = self.loop.time()
        if not self._unparsed and len(data) <= PIECE:
            super().data_received(data)
            return
        self._unparsed += data
        self._parse()

    def _parse(self) -> None:
        """Parses until there is something for the application; the rest waits for it to be taken."""
        view, start = memoryview(self._unparsed), 0
        while start < len(view) and not self.read_paused and not self.transport.is_closing():
            super().data_received(bytes(view[start : start + PIECE]))
            start += PIECE
        self._unparsed = bytes(view[start:])

    async def receive(self) -> Any:
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            if self._unparsed:
                self._parse()
            if not self.read_paused:
                self.transport.resume_reading()
        return message

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.accept":
            del self.request, self.response  # a connection lives for hours, its handshake was over at once

    def send_keepalive_ping(self) -> None:
        """Asks only those for a sign of life who have given none: the widget pings by itself."""
        assert self.ping_interval is not None
        quiet_s = self.loop.time() - self._heard_at
        if quiet_s >= self.ping_interval:
            super().send_keepalive_ping()
        elif not self.close_sent and not self.transport.is_closing():
            self.ping_timer = self.loop.call_later(self.ping_interval - quiet_s, self.send_keepalive_ping)

    def handle_ping(self) -> None:
        now = self.loop.time()
        self._pings_until = max(self._pings_until, now - PINGS_AT_ONCE * PING_EVERY_S) + PING_EVERY_S
        if not self.writable.is_set():  # pongs would pile up for a client that does not take them
            self.transport.abort()
        elif self._pings_until > now:
            self._refuse("Too many pings.")
        else:
            super().handle_ping()

    def handle_cont(self, event: Any) -> None:
        if len(self.frames) >= MOST_FRAGMENTS:
            self._refuse("Too many fragments.")
        else:
            super().handle_cont(event)

    def _refuse(self, reason: str) -> None:
        if not self.close_sent:
            self.conn.fail(FLOOD, reason)
            self.handle_parser_exception()

    async def run_asgi(self) -> None:
        await super().run_asgi()
        if self.transport.get_write_buffer_size():
            self.loop.call_later(LINGER_S, self.transport.abort)
