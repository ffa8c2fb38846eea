"""A load that costs little itself: `python -m tests.bench.load` reads a Plan as JSON from stdin, prints an Outcome.

Frames are put together from prepared bytes and recognised by what stands at their beginning, on bare sockets, in a
process of its own, so that what is measured is the gateway. The outcome tells what the load itself has used.
"""

from __future__ import annotations

import asyncio
import json
import os
import struct
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import uvloop

TEXT = "请问我的退款什么时候到账？订单 LY20261103001。"
LAST_WORDS_S = 10.0  # how long is waited for what is under way when the time is over
SENT, ENTRY = b'{"t":"sent"', b'{"t":"entry"'
CLIENT_ID = b'"client_id":"'
ID_LENGTH = 16


@dataclass(frozen=True)
class Seat:
    """A socket to open: a writer writes into `conversation`, a watcher follows all of `watches` from seq `after`."""

    url: str
    origin: str
    ticket: str
    conversation: str = ""
    watches: Sequence[tuple[str, int]] = ()


@dataclass(frozen=True)
class Plan:
    """Either `per_s` messages per second, or as many as go with `in_flight` unacknowledged ones per writer."""

    writers: Sequence[Seat]
    watchers: Sequence[Seat]
    seconds: float
    in_flight: int = 0
    per_s: float = 0.0


@dataclass
class Outcome:
    """ms from the moment a message was sent (or due, with `per_s`) to its acknowledgement and to the watcher's sight.

    `errors` are refusals; `cpu_s` is the processor time of the load itself during `seconds`.
    """

    seconds: float = 0.0
    cpu_s: float = 0.0
    acknowledged_ms: list[float] = field(default_factory=list)
    seen_ms: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    unanswered: int = 0


class Socket(asyncio.Protocol):
    """The client side of one WebSocket; `take` gets the text of each frame."""

    def __init__(self, seat: Seat, take: Callable[[Socket, bytes], None]) -> None:
        self.seat = seat
        self.open = asyncio.get_running_loop().create_future()
        self._take = take
        self._unread = b""
        self._upgraded = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        host = urlsplit(self.seat.url).netloc
        self._transport.write(
            f"GET /v1/ws HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: tandem.v1\r\nOrigin: {self.seat.origin}\r\n\r\n".encode()
        )

    def send(self, text: bytes, opcode: int = 1) -> None:
        """One masked frame; the mask is zero, which leaves the bytes as they are."""
        length = len(text)
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | length) if length < 126 else b""
        self._transport.write((head or struct.pack("!BBH", 0x80 | opcode, 0xFE, length)) + b"\0\0\0\0" + text)

    def data_received(self, data: bytes) -> None:
        unread = self._unread + data
        if not self._upgraded:
            head, end, unread = unread.partition(b"\r\n\r\n")
            if not end:
                self._unread = head
                return
            if b" 101 " not in head:
                self.open.set_exception(ConnectionError(head.decode()))
                return
            self._upgraded = True
            hello = {"t": "hello", "proto": 1, "ticket": self.seat.ticket, "device": "d_bench"}
            subs = [{"conv": name, "after": after} for name, after in self.seat.watches]
            self.send(json.dumps({**hello, "subs": subs}).encode())
        at = 0
        while len(unread) >= at + 2:
            length, start = unread[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(unread[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, start = int.from_bytes(unread[at + 2 : at + 10], "big"), at + 10
            if start > len(unread) or start + length > len(unread):
                break
            self._frame(unread[at] & 15, unread[start : start + length])
            at = start + length
        self._unread = unread[at:]

    def _frame(self, opcode: int, text: bytes) -> None:
        if opcode == 9:
            self.send(text, opcode=10)
        elif opcode == 1:
            if (not self.open.done() and text.startswith(b'{"t": "welcome"')) or text.startswith(b'{"t":"welcome"'):
                self.open.set_result(None)
            self._take(self, text)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.open.done():
            self.open.set_exception(ConnectionError(f"closed before the welcome: {error}"))

    def close(self) -> None:
        self._transport.abort()


class Load:
    """Carries out a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._outcome = Outcome()
        self._written: dict[bytes, float] = {}  # when each message was sent, for the watchers
        self._unanswered: set[bytes] = set()
        self._ends = 0.0
        self._name = os.urandom(4).hex()

    async def run(self) -> Outcome:
        writers = [await _connect(seat, self._answered) for seat in self._plan.writers]
        watchers = [await _connect(seat, self._watched) for seat in self._plan.watchers]
        await asyncio.sleep(1.0)  # what was said before is shown first
        self._outcome.seen_ms.clear()
        begun, cpu = time.perf_counter(), time.process_time()
        self._ends = begun + self._plan.seconds
        if self._plan.per_s:
            await self._steadily(writers, begun)
        else:
            for writer in writers:
                for _ in range(self._plan.in_flight):
                    self._write(writer, time.perf_counter())
            await asyncio.sleep(self._plan.seconds)
        self._outcome.seconds, self._outcome.cpu_s = time.perf_counter() - begun, time.process_time() - cpu
        await self._last_words(watching=bool(watchers))
        for socket in (*writers, *watchers):
            socket.close()
        self._outcome.unanswered = len(self._unanswered)
        return self._outcome

    async def _steadily(self, writers: Sequence[Socket], begun: float) -> None:
        for number in range(int(self._plan.per_s * self._plan.seconds)):
            due = begun + number / self._plan.per_s
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            self._write(writers[number % len(writers)], due)

    async def _last_words(self, *, watching: bool) -> None:
        deadline = time.perf_counter() + LAST_WORDS_S
        outcome = self._outcome
        while time.perf_counter() < deadline and (
            self._unanswered or (watching and len(outcome.seen_ms) < len(outcome.acknowledged_ms))
        ):
            await asyncio.sleep(0.01)

    def _write(self, writer: Socket, moment: float) -> None:
        name = f"{self._name}{len(self._written):08x}".encode()
        self._written[name] = moment
        self._unanswered.add(name)
        writer.send(
            b'{"t":"send","conv":"%b","client_id":"%b","body":{"text":"%b"}}'
            % (writer.seat.conversation.encode(), name, TEXT.encode())
        )

    def _answered(self, writer: Socket, text: bytes) -> None:
        if text.startswith(SENT):
            now, name = time.perf_counter(), _client_id(text)
            self._unanswered.discard(name)
            self._outcome.acknowledged_ms.append((now - self._written[name]) * 1000)
            if not self._plan.per_s and now < self._ends:
                self._write(writer, now)
        elif text.startswith(b'{"t":"err"'):
            self._outcome.errors.append(text.decode()[:300])

    def _watched(self, _: Socket, text: bytes) -> None:
        if text.startswith(ENTRY):
            written = self._written.get(_client_id(text))
            if written is not None:
                self._outcome.seen_ms.append((time.perf_counter() - written) * 1000)


def _client_id(text: bytes) -> bytes:
    start = text.find(CLIENT_ID) + len(CLIENT_ID)
    return text[start : start + ID_LENGTH]


async def _connect(seat: Seat, take: Callable[[Socket, bytes], None]) -> Socket:
    address = urlsplit(seat.url)
    loop = asyncio.get_running_loop()
    _, socket = await loop.create_connection(lambda: Socket(seat, take), address.hostname, address.port)
    await asyncio.wait_for(socket.open, 10)
    return socket


async def carried_out(plan: Plan, root: Path) -> Outcome:
    """Runs a plan in a process of its own. Raises ConnectionError with the end of what it said when that fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.load",
        cwd=root,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=1 << 26,
    )
    said, wrong = await process.communicate(json.dumps(asdict(plan)).encode())
    if process.returncode != 0:
        raise ConnectionError(f"the load broke: {wrong.decode()[-500:]}")
    return Outcome(**json.loads(said))


def main() -> None:
    raw = json.load(sys.stdin)
    seats = {side: [Seat(**seat) for seat in raw.pop(side)] for side in ("writers", "watchers")}
    outcome = uvloop.run(Load(Plan(**seats, **raw)).run())
    json.dump(asdict(outcome), sys.stdout)


if __name__ == "__main__":
    main()
