"""A crowd of widget clients in a process of their own: raw asyncio and as much of RFC 6455 as they need.

`python -m tests.bench.crowd` reads JSON lines: first {"gateway", "origin", "tokens", "at_once"}, then {"do": …}. It
answers each line with one: `open` connects everybody, `write` lets some of them write, `report` says what they saw.
They reconnect like the widget: full jitter up to twice as long as they have waited (0.5 s → 60 s), a new ticket, and
the cursor behind the last entry.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import random
import struct
import sys
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

PING_S = 20.0
FIRST_S, MOST_S = 0.5, 60.0
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Refused(Exception):
    """The gateway said no; `after_s` is its Retry-After."""

    def __init__(self, status: int, after_s: float = 0.0) -> None:
        super().__init__(f"status {status}")
        self.status, self.after_s = status, after_s


class Ended(Exception):
    """The socket was closed with this code."""


class Wire:
    """One WebSocket, seen from the client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def dial(cls, host: str, port: int, origin: str) -> Wire:
        reader, writer = await asyncio.open_connection(host, port)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = (
            f"GET /v1/ws HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {origin}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: tandem.v1\r\n\r\n"
        )
        writer.write(lines.encode())
        try:
            await _head(reader, 101)
        except Refused:
            writer.close()
            raise
        return cls(reader, writer)

    def say(self, frame: dict[str, Any]) -> None:
        self._write(TEXT, json.dumps(frame, ensure_ascii=False).encode())

    def _write(self, opcode: int, data: bytes) -> None:
        size = len(data)
        head = bytes([0x80 | opcode]) + (
            bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + struct.pack("!H", size)
        )
        self._writer.write(head + bytes(4) + data)  # masked with zeros, which is a mask too

    async def hear(self) -> dict[str, Any]:
        """The next frame of the protocol; answers pings. Raises Ended and what a broken connection raises."""
        while True:
            first, size = await self._reader.readexactly(2)
            if size == 126:
                (size,) = struct.unpack("!H", await self._reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", await self._reader.readexactly(8))
            data = await self._reader.readexactly(size) if size else b""
            opcode = first & 15
            if opcode == TEXT:
                frame: dict[str, Any] = json.loads(data)
                return frame
            if opcode == PING:
                self._write(PONG, data)
            elif opcode == CLOSE:
                raise Ended(struct.unpack("!H", data[:2])[0] if data else 1005)

    def close(self) -> None:
        self._writer.close()


async def _head(reader: asyncio.StreamReader, wanted: int) -> dict[str, str]:
    """The headers of an answer. Raises Refused for another status."""
    raw = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in raw[1:] if line)}
    status = int(raw[0].split()[1])
    if status != wanted:
        raise Refused(status, float(headers.get("retry-after", 0)))
    return headers


@dataclass
class Person:
    """A visitor with a token, his conversation and what he saw of it."""

    number: int
    token: str
    conversation: str
    seen: list[str] = field(default_factory=list)
    waiting: dict[str, str] = field(default_factory=dict)
    acknowledged: dict[str, int] = field(default_factory=dict)
    resumed_at: float = 0.0
    refusals: int = 0
    breaks: int = 0
    wrong: list[str] = field(default_factory=list)
    wire: Wire | None = None


class Crowd:
    """Everybody of this process."""

    def __init__(self, gateway: str, origin: str, people: list[Person], at_once: int) -> None:
        address = urlsplit(gateway)
        self._host, self._port = address.hostname or "127.0.0.1", address.port or 80
        self._origin = origin
        self.people = people
        self._arriving = asyncio.Semaphore(at_once)
        self._living: list[asyncio.Task[None]] = []

    async def open(self) -> dict[str, Any]:
        """Connects everybody, `at_once` at a time; answers when all have their status."""
        self._living = [asyncio.create_task(self._live(person)) for person in self.people]
        await self._until(lambda person: person.resumed_at > 0)
        return {"open": len(self.people)}

    async def write(self, seconds: float, every_s: float, share: float) -> dict[str, Any]:
        """A share of the people write every `every_s` until told to stop; each waits for nothing, as typing people."""
        end = time.monotonic() + seconds
        some = self.people[: max(1, int(len(self.people) * share))]

        async def keep_writing(person: Person) -> None:
            await asyncio.sleep(random.random() * every_s)
            while time.monotonic() < end:
                client_id = f"crowd-{person.number}-{len(person.waiting) + len(person.acknowledged)}"
                person.waiting[client_id] = f"message {client_id}"
                self._send(person, client_id)
                await asyncio.sleep(every_s)

        await asyncio.gather(*(keep_writing(person) for person in some))
        return {"wrote": sum(len(person.waiting) + len(person.acknowledged) for person in some)}

    async def settled(self, since: float) -> dict[str, Any]:
        """When everybody has resumed after `since` (monotonic), and nothing waits for its acknowledgement."""
        await self._until(lambda person: person.resumed_at > since and not person.waiting)
        return {"resumed_at": sorted(person.resumed_at for person in self.people)}

    def report(self) -> dict[str, Any]:
        return {
            "people": [
                {"conversation": one.conversation, "seen": one.seen, "acknowledged": one.acknowledged}
                for one in self.people
            ],
            "refusals": sum(one.refusals for one in self.people),
            "breaks": sum(one.breaks for one in self.people),
            "wrong": [what for one in self.people for what in one.wrong][:20],
        }

    async def _until(self, done: Any) -> None:
        while not all(done(person) for person in self.people):
            await asyncio.sleep(0.05)

    async def _live(self, person: Person) -> None:
        waited_s = 0.0
        while True:
            after_s, begun = 0.0, time.monotonic()
            try:
                await self._connection(person)
            except Refused as refused:
                person.refusals += 1
                after_s = refused.after_s
            except (Ended, OSError, asyncio.IncompleteReadError, TimeoutError):
                person.breaks += 1
            if person.wire is not None and time.monotonic() - begun > 30:
                waited_s = 0.0
            self._hang_up(person)
            wait_s = after_s + random.random() * min(MOST_S, max(FIRST_S, 2 * waited_s))
            waited_s += wait_s
            await asyncio.sleep(wait_s)

    def _hang_up(self, person: Person) -> None:
        if person.wire is not None:
            person.wire.close()
            person.wire = None

    async def _connection(self, person: Person) -> None:
        async with contextlib.AsyncExitStack() as arriving:
            if not person.resumed_at:  # the first arrival is not what is measured
                await arriving.enter_async_context(self._arriving)
            async with asyncio.timeout(45):
                ticket = await self._ticket(person)
                wire = person.wire = await Wire.dial(self._host, self._port, self._origin)
                subs = [{"conv": person.conversation, "after": len(person.seen)}]
                wire.say({"t": "hello", "proto": 1, "ticket": ticket, "device": f"d_{person.number}", "subs": subs})
                while (await self._take(person, wire))["t"] != "status":
                    pass
            person.resumed_at = time.monotonic()
            for client_id in person.waiting:
                self._send(person, client_id)
        pinging = asyncio.create_task(self._ping(wire))
        try:
            while True:
                await self._take(person, wire)
        finally:
            pinging.cancel()

    async def _ping(self, wire: Wire) -> None:
        await asyncio.sleep(random.random() * PING_S)
        while True:
            wire.say({"t": "ping"})
            await asyncio.sleep(PING_S)

    async def _take(self, person: Person, wire: Wire) -> dict[str, Any]:
        frame = await wire.hear()
        if frame["t"] == "entry":
            entry = frame["entry"]
            if entry["seq"] != len(person.seen) + 1:
                person.wrong.append(f"{person.conversation}: {entry['seq']} after {len(person.seen)}")
            person.seen.append(entry.get("mid", "hidden"))
        elif frame["t"] == "sent":
            known = person.acknowledged.setdefault(frame["client_id"], frame["seq"])
            person.waiting.pop(frame["client_id"], None)
            if known != frame["seq"]:
                person.wrong.append(f"{frame['client_id']}: {known} and {frame['seq']}")
        elif frame["t"] == "err":
            person.wrong.append(f"{person.conversation}: {frame['code']} {frame['message']}")
        return frame

    def _send(self, person: Person, client_id: str) -> None:
        if person.wire is not None and person.resumed_at:
            body = {"text": person.waiting[client_id]}
            person.wire.say({"t": "send", "conv": None, "client_id": client_id, "body": body})

    async def _ticket(self, person: Person) -> str:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(
                f"POST /v1/ws-ticket HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nOrigin: {self._origin}\r\n"
                f"Authorization: Bearer {person.token}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
                "Connection: close\r\n\r\n{}".encode()
            )
            headers = await _head(reader, 200)
            return str(json.loads(await reader.readexactly(int(headers["content-length"])))["ticket"])
        finally:
            writer.close()


async def main() -> None:
    lines = asyncio.StreamReader(limit=2**26)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    told = json.loads(await lines.readline())
    people = [Person(number, token, conversation) for number, token, conversation in told["people"]]
    crowd = Crowd(told["gateway"], told["origin"], people, told["at_once"])
    while line := await lines.readline():
        what = json.loads(line)
        verb = what.pop("do")
        answer = crowd.report() if verb == "report" else await getattr(crowd, verb)(**what)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
