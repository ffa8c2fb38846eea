"""A TCP proxy that breaks connections: between the clients and the gateways, byte for byte as its scripts say."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

CHUNK = 16384
# A connection that is held this long is closed: the other side has given up by then.
HOLD_S = 60.0

Direction = Literal["up", "down"]
Address = tuple[str, int]


@dataclass(frozen=True)
class Cut:
    """After `after` bytes in one direction: close both sides (drop), reset them, or forward nothing more (hold)."""

    direction: Direction
    after: int
    then: Literal["drop", "reset", "hold"] = "drop"


@dataclass(frozen=True)
class Script:
    """What happens to one connection; the default is nothing. Times in seconds, rates in bytes per second."""

    cut: Cut | None = None
    delay_s: float = 0.0
    rate: float | None = None
    refuse: bool = False


CALM = Script()


class Connection:
    """One client and its gateway. `run` returns when it is over."""

    def __init__(self, script: Script, client: _Side, server: _Side) -> None:
        self.script = script
        self._client, self._server = client, server
        self._held = asyncio.Event()
        self._over = asyncio.Event()
        self.forwarded: dict[Direction, int] = {"up": 0, "down": 0}

    async def run(self) -> None:
        pumps = [
            asyncio.create_task(self._pump("up", self._client, self._server)),
            asyncio.create_task(self._pump("down", self._server, self._client)),
        ]
        over = asyncio.create_task(self._over.wait())
        try:
            await asyncio.wait([*pumps, over], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*pumps, over):
                task.cancel()
            await asyncio.gather(*pumps, over, return_exceptions=True)
            for side in (self._client, self._server):
                await side.end(reset=self.script.cut is not None and self.script.cut.then == "reset")

    def end(self) -> None:
        """Closes both sides now."""
        self._over.set()

    async def _pump(self, direction: Direction, source: _Side, sink: _Side) -> None:
        with contextlib.suppress(ConnectionError, OSError):
            while data := await source.reader.read(CHUNK):
                if self._held.is_set():
                    continue  # read and lost, as by a network that is gone
                script = self.script
                if script.delay_s:
                    await asyncio.sleep(script.delay_s)
                if script.rate:
                    await asyncio.sleep(len(data) / script.rate)
                cut = script.cut if script.cut and script.cut.direction == direction else None
                if cut is not None:
                    data = data[: max(0, cut.after - self.forwarded[direction])]
                self.forwarded[direction] += len(data)
                if data:
                    sink.writer.write(data)
                    await sink.writer.drain()
                if cut is not None and self.forwarded[direction] >= cut.after:
                    if cut.then != "hold":
                        return
                    self._held.set()
                    await asyncio.sleep(HOLD_S)
                    return


@dataclass
class _Side:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def end(self, *, reset: bool) -> None:
        if reset and (raw := self.writer.get_extra_info("socket")) is not None:
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if reset:
            self.writer.transport.abort()
        await ended(self.writer)


async def ended(writer: asyncio.StreamWriter) -> None:
    """Closes a stream and waits until it is; one that takes nothing more is dropped."""
    writer.close()
    try:
        async with asyncio.timeout(1):
            await writer.wait_closed()
    except TimeoutError:
        writer.transport.abort()
    except OSError:
        pass


class ChaosProxy:
    """Listens on a loopback port; every new connection gets a script and the first upstream that answers."""

    def __init__(self, upstreams: Callable[[], Sequence[Address]], script: Callable[[], Script] = lambda: CALM) -> None:
        self._upstreams = upstreams
        self.script = script
        self.connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> str:
        """The URL to reach it by."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.end_all()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def end_all(self) -> None:
        """Closes every connection."""
        for connection in tuple(self.connections):
            connection.end()

    def end_troubled(self) -> None:
        """Closes the connections that are not calm, so that their clients come back over calm ones."""
        for connection in tuple(self.connections):
            if connection.script != CALM:
                connection.end()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        client, script = _Side(reader, writer), self.script()
        server = None if script.refuse else await self._connect()
        if server is None:
            await client.end(reset=True)
            return
        connection = Connection(script, client, server)
        self.connections.add(connection)
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)

    async def _connect(self) -> _Side | None:
        for host, port in self._upstreams():
            with contextlib.suppress(OSError):
                return _Side(*await asyncio.open_connection(host, port))
        return None
