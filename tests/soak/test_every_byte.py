"""F-18, F-52: an exchange that is cut at every byte, in both directions, happens exactly once.

An exchange is a WebSocket handshake, hello, welcome, send, and then sent and the entry; a customer has it, and an
agent, in a conversation that an agent owns.

Exhaustive: the connection is dropped after each byte that goes up from the hello on (hello and send), and after each
byte that comes down from EARLIER bytes before the first that answers the send to LATER bytes after the last (other
people talk meanwhile, so an answer may lie a few bytes further on than it was measured). With TANDEM_EVERY_BYTE, which
a long `make soak` sets, it is also reset (RST instead of FIN) and held in silence (nothing is forwarded any more and
nobody is told) after each of these bytes, and dropped after each byte before them: of the handshake, and downwards of
welcome and what is told unasked, of which an agent is told so much (his desk) that every DESKth byte must do for him.
Sampled: without TANDEM_EVERY_BYTE an agent's line is dropped after every AGENTS_STEPth byte, resets are played at about
RESETS offsets, silence at about HOLDS (each costs a second), and before the range every APARTth byte is dropped.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.soak.proxy import ChaosProxy, Cut, Direction, Script, ended
from tests.soak.run import ORIGIN, Options, Soak, started
from tests.soak.wire import Traffic

PATIENCE_S = 20.0
# A client that hears nothing gives up after this long, in place of the half minute of a real one.
HELD_S = 1.0
EVERY_BYTE = bool(os.environ.get("TANDEM_EVERY_BYTE"))
EARLIER, LATER, APART, DESK = 32, 32, 1 if EVERY_BYTE else 64, 16 if EVERY_BYTE else 64
RESETS, HOLDS = (100_000, 100_000) if EVERY_BYTE else (48, 24)
AGENTS_STEP = 1 if EVERY_BYTE else 5

Frame = dict[str, Any]


class Gone(ConnectionError):
    """The connection ended in the middle of the exchange."""


@dataclass
class RawSocket:
    """A WebSocket of fixed bytes: the same key and mask every time, so that offset n is always the same byte."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, port: int, origin: str) -> RawSocket:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        key = base64.b64encode(bytes(16)).decode()
        writer.write(
            f"GET /v1/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: {origin}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: tandem.v1\r\n\r\n".encode()
        )
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (OSError, EOFError, asyncio.CancelledError):
            await ended(writer)
            raise
        assert b" 101 " in head.split(b"\r\n")[0], head
        return cls(reader, writer)

    def say(self, frame: Frame) -> None:
        payload = json.dumps(frame).encode()
        size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack("!H", len(payload))
        self.writer.write(b"\x81" + size + bytes(4) + payload)  # masked with zeros

    async def hear(self) -> Frame:
        """The next JSON frame. Raises Gone."""
        first, size = await self.reader.readexactly(2)
        length = size & 127
        if length > 125:
            length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8), "big")
        payload = await self.reader.readexactly(length)
        if first & 15 == 8:
            raise Gone(f"closed with {int.from_bytes(payload[:2])}: {payload[2:].decode()}")
        if first & 15 == 9:  # a ping: who never answers one is taken for gone
            self.writer.write(b"\x8a" + bytes([0x80 | length]) + bytes(4) + payload)
        return dict(json.loads(payload)) if first & 15 == 1 else await self.hear()

    async def until(self, kind: str, **parts: Any) -> Frame:
        while True:
            frame = await self.hear()
            assert frame["t"] != "err", frame
            if frame["t"] == kind and all(frame.get(name) == value for name, value in parts.items()):
                return frame

    async def close(self) -> None:
        await ended(self.writer)


@dataclass
class Side:
    """Who sends into a conversation that an agent owns, so that no bot talks in between: the customer or the agent."""

    port: int
    origin: str
    ask: httpx2.AsyncClient
    conversation: str
    more: Frame
    after: int = 0

    async def open(self, port: int) -> RawSocket:
        """A socket that has said hello; the ticket comes over an unbroken line. Raises OSError or EOFError."""
        answer = await self.ask.post("/v1/ws-ticket", json={})
        socket = await RawSocket.open(port, self.origin)
        subs = [{"conv": self.conversation, "after": self.after}]
        ticket = answer.json()["ticket"]
        socket.say({"t": "hello", "proto": 1, "ticket": ticket, "device": "d_bytes", "subs": subs})
        return socket

    def send(self, socket: RawSocket, client_id: str, text: str) -> None:
        socket.say(
            {"t": "send", "conv": self.conversation, "client_id": client_id, "body": {"text": text}, **self.more}
        )

    async def exchange(self, port: int, client_id: str, text: str, *, patience_s: float = PATIENCE_S) -> None:
        """hello, welcome, send, and then sent and the entry, in whichever order. Raises OSError or EOFError."""
        async with asyncio.timeout(patience_s):
            socket = await self.open(port)
            try:
                await socket.until("welcome")
                self.send(socket, client_id, text)
                heard = {"sent": False, "entry": False}
                while not all(heard.values()):
                    frame = await socket.hear()
                    assert frame["t"] != "err", frame
                    mine = frame.get("client_id") or frame.get("entry", {}).get("client_id")
                    if frame["t"] in heard and mine == client_id:
                        heard[frame["t"]] = True
            finally:
                await socket.close()


async def _sides(soak: Soak, who: str) -> list[Side]:
    """One for each customer; the first agents have taken over all conversations."""
    sides, port, url = [], soak.gateways[0].port, soak.gateways[0].url
    for agent in soak.agents:
        await agent.prepare()
    for customer in soak.customers:
        await customer.prepare(0, run="bytes")
        mine = httpx2.AsyncClient(base_url=url, headers=customer.headers, trust_env=False, timeout=PATIENCE_S)
        asked = {"client_id": "begins-it-all", "body": {"text": f"{customer.number}.begin"}}
        conversation = (await mine.post("/v1/conversations/current/messages", json=asked)).json()["conversation"]
        customers_side = Side(port, ORIGIN, mine, conversation, {})
        agent = soak.agents[customer.number % len(soak.agents)]
        headers = {"X-Requested-By": "console", "Cookie": agent.cookie}
        desk = httpx2.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=PATIENCE_S)
        agents_side = Side(port, soak.url, desk, conversation, {"audience": "public"})
        shown = await agents_side.open(port)  # an agent who was never at a desk counts as lost
        await shown.until("welcome")
        await shown.close()
        agents_side.more["epoch"] = await _taken(desk, f"/v1/conversations/{conversation}/take-over")
        sides.append(agents_side if who == "agent" else customers_side)
        await (mine if who == "agent" else desk).aclose()
        await customer.http.close()
    for agent in soak.agents:
        await agent.http.close()
    return sides


async def _taken(desk: httpx2.AsyncClient, path: str) -> int:
    """Takes a new conversation from the bot; the new epoch."""
    answer = await desk.post(path, json={"op_id": secrets.token_urlsafe(12), "epoch": 1})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["epoch"])


@dataclass
class Cutter:
    """Cuts the exchanges of one side, and finds out over an unbroken socket what became of each message."""

    side: Side
    done: dict[str, tuple[int, str]]

    async def cut_at(self, cuts: Sequence[Cut]) -> None:
        unbroken = await self.side.open(self.side.port)
        await unbroken.until("welcome")
        proxy = ChaosProxy(lambda: [("127.0.0.1", self.side.port)])
        port = int((await proxy.start()).rpartition(":")[2])
        for cut in cuts:
            proxy.script = lambda at=cut: Script(cut=at)  # type: ignore[misc]
            client_id = f"{cut.then}-{cut.direction}-{self.side.conversation[-8:]}-{cut.after:05d}"
            text = f"{self.side.conversation}.{cut.then}.{cut.after}"
            with contextlib.suppress(OSError, EOFError):  # TimeoutError is an OSError
                held = cut.then == "hold"
                await self.side.exchange(port, client_id, text, patience_s=HELD_S if held else PATIENCE_S)
            proxy.end_all()  # what is held: of too many sockets of a person the oldest ends, which is the unbroken one
            self.side.send(unbroken, client_id, text)
            sent = await unbroken.until("sent", client_id=client_id)
            self.done[text] = (sent["seq"], sent["mid"])
            self.side.after = sent["seq"]
        await proxy.stop()
        await unbroken.close()


async def _measured(side: Side, direction: Direction) -> tuple[int, int, int]:
    """Measures again when something unasked, such as a desk that was redrawn, came in between."""
    for attempt in range(5):
        handshake, greeted, whole = await _lengths(side, direction, f"measured-{attempt}")
        if whole > greeted + 50 > handshake + 100:  # hello and send, welcome and sent are longer
            break
    else:
        raise AssertionError(f"the lengths make no sense: {handshake}, {greeted}, {whole}")
    return handshake, greeted, whole


async def _lengths(side: Side, direction: Direction, client_id: str) -> tuple[int, int, int]:
    """Bytes of the handshake; of what comes before the send; and of the whole exchange."""
    proxy = ChaosProxy(lambda: [("127.0.0.1", side.port)])
    port = int((await proxy.start()).rpartition(":")[2])

    async def shake() -> None:
        await (await RawSocket.open(port, side.origin)).close()

    async def greet() -> None:
        socket = await side.open(port)
        await socket.until("welcome")
        while True:  # what is told unasked, until it is quiet
            try:
                await asyncio.wait_for(socket.hear(), 0.5)
            except TimeoutError:
                return await socket.close()

    lengths = []
    for one in (shake, greet, lambda: side.exchange(port, client_id, "measured")):
        begun = asyncio.create_task(one())
        while not proxy.connections:
            await asyncio.sleep(0)
        (connection,) = proxy.connections
        await begun
        while proxy.connections:
            await asyncio.sleep(0.005)
        lengths.append(connection.forwarded[direction])
    await proxy.stop()
    return lengths[0], lengths[1], lengths[2]


def _cuts(who: str, direction: Direction, handshake: int, greeted: int, whole: int) -> list[Cut]:
    """What the module's docstring says."""
    first = handshake if direction == "up" else greeted - EARLIER
    every = range(first, whole + LATER, AGENTS_STEP if who == "agent" else 1)
    before = (*range(0, handshake, APART), *range(handshake, first, DESK if who == "agent" else APART))
    drops = [Cut(direction, at) for at in (*before, *every)]
    resets = [Cut(direction, at, "reset") for at in every[:: max(1, len(every) // RESETS)]]
    return [*drops, *resets, *(Cut(direction, at, "hold") for at in every[:: max(1, len(every) // HOLDS)])]


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("who", ["customer", "agent"])
async def test_an_exchange_cut_at_every_byte_happens_once(tmp_path: Path, direction: Direction, who: str) -> None:
    tmp_path.chmod(0o755)
    # The agents have no desks open here; nobody may take their conversations away for that.
    patient = {"AGENT_GRACE_S": "3600", "AGENT_IDLE_S": "3600", "BOT_IDLE_S": "3600"}
    options = Options(customers=6, agents=3, contacts=0, strangers=0, faults=False, settings=patient)
    async with started(options, tmp_path, Traffic()) as soak, contextlib.AsyncExitStack() as at_the_end:
        sides = await _sides(soak, who)
        for side in sides:
            at_the_end.push_async_callback(side.ask.aclose)
        handshake, greeted, whole = await _measured(sides[0], direction)
        cuts = _cuts(who, direction, handshake, greeted, whole)
        done: dict[str, tuple[int, str]] = {}
        cutters = [Cutter(side, done) for side in sides]
        await asyncio.gather(*(one.cut_at(cuts[start :: len(sides)]) for start, one in enumerate(cutters)))
        logged: dict[str, list[tuple[int, str]]] = {}
        for row in await soak.store.rows("SELECT seq, mid, body FROM entries WHERE kind = 'message'"):
            logged.setdefault(json.loads(row["body"])["text"], []).append((row["seq"], row["mid"]))
        assert {text: logged.get(text) for text in done} == {text: [place] for text, place in done.items()}
        assert len(done) == len(cuts)
