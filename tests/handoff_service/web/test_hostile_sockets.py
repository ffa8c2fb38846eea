"""Clients that do not behave: they flood, fall silent, do not read, or send what is too large. Nobody else notices."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket as socket_module
import struct
import time
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from handoff_service.__main__ import SERVER
from handoff_service.live import session as live_session
from handoff_service.live import transport
from tests.handoff_service.stage import SHOP_URL
from tests.handoff_service.web.test_socket_timeline import fill
from tests.handoff_service.web.visitors import fresh

HANDSHAKE = (
    "GET /v1/ws HTTP/1.1\r\nHost: {address}\r\nOrigin: {origin}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: tandem.v1\r\n\r\n"
)
TEXT, CLOSE, PING = 1, 8, 9


def framed(opcode: int, data: bytes = b"", *, last: bool = True) -> bytes:
    """One frame of a client, masked with zeros."""
    size = len(data)
    length = (
        bytes([0x80 | size])
        if size < 126
        else bytes([0x80 | 126]) + struct.pack("!H", size)
        if size < 65536
        else bytes([0x80 | 127]) + struct.pack("!Q", size)
    )
    return bytes([(0x80 if last else 0) | opcode]) + length + bytes(4) + data


class Raw:
    """A connection of bytes, after the handshake and the hello."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def closed(self, *, within: float = 10.0) -> int | None:
        """The code of the close frame, None when the connection just ended; skips every other frame."""
        try:
            async with asyncio.timeout(within):
                while True:
                    first, size = await self.reader.readexactly(2)
                    if size == 126:
                        (size,) = struct.unpack("!H", await self.reader.readexactly(2))
                    elif size == 127:
                        (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
                    data = await self.reader.readexactly(size)
                    if first & 15 == CLOSE:
                        return struct.unpack("!H", data[:2])[0]
        except (asyncio.IncompleteReadError, ConnectionError):
            return None


@pytest.fixture
async def raw(house):
    """`await raw(customer)`: a bare connection to the shared gateway; hung up at the end."""
    opened = []

    async def dialled(customer, at=house, **options):
        opened.append(await _raw(at, customer, **options))
        return opened[-1]

    yield dialled
    for one in opened:
        one.writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await one.writer.wait_closed()


async def _raw(house, customer, *, buffer: int = 0) -> Raw:
    """A bare connection of the customer that has said hello."""
    host, port = house.gateway.address.split(":")
    bare = socket_module.socket()
    if buffer:
        bare.setsockopt(socket_module.SOL_SOCKET, socket_module.SO_RCVBUF, buffer)
    bare.setblocking(False)
    await asyncio.get_running_loop().sock_connect(bare, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=bare)
    writer.write(HANDSHAKE.format(address=house.gateway.address, origin=SHOP_URL).encode())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
    hello = f'{{"t":"hello","proto":1,"ticket":"{await customer.ticket()}","device":"d_raw","subs":[]}}'
    writer.write(framed(TEXT, hello.encode()))
    return Raw(reader, writer)


class Witness:
    """Somebody who talks all the time; `slowest` is the longest that he waited, in seconds."""

    def __init__(self, socket):
        self._socket = socket
        self._talking = asyncio.create_task(self._talk())
        self.slowest = 0.0

    async def _talk(self):
        while True:
            began, client_id = time.monotonic(), fresh("wit")
            await self._socket.say(t="send", conv=None, client_id=client_id, body={"text": "still there?"})
            assert (await self._socket.sent(client_id, within=15))["t"] == "sent"
            self.slowest = max(self.slowest, time.monotonic() - began)
            await asyncio.sleep(0.05)

    def end(self):
        assert not self._talking.done(), self._talking
        self._talking.cancel()


@pytest.fixture
async def witness(house):
    """A witness on the shared gateway; the test fails when he could not go on."""
    one = Witness(await (await house.customer()).socket())
    await asyncio.sleep(0.2)
    yield one
    one.end()


@pytest.mark.usefixtures("witness")
async def test_pings_without_end_close_the_socket(raw, house):
    """F-26."""
    pinging = await raw(await house.customer())
    pinging.writer.write(framed(PING, b"x") * 20_000)
    assert await pinging.closed() == 1008


@pytest.mark.usefixtures("witness")
async def test_pings_of_one_who_does_not_read_pile_up_nowhere(raw, house):
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    await fill(house, customer, ["字" * 8000] * 400)  # so that nothing more can be written to him
    pinging = await raw(customer, buffer=4096)
    async with asyncio.timeout(10):
        while house.gateway.buffered() < 10_000:
            await asyncio.sleep(0.02)
    for _ in range(30):  # no more than is allowed
        pinging.writer.write(framed(PING, b"x" * 125))
        await asyncio.sleep(0.01)
    async with asyncio.timeout(5):
        while house.gateway.buffered() >= 10_000:
            await asyncio.sleep(0.05)


async def test_a_few_pings_are_answered(house):
    customer = await house.customer()
    socket = await customer.socket()
    async with asyncio.timeout(5):
        took = [await (await socket.connection.ping()) for _ in range(5)]
    assert len(took) == 5
    assert socket.code is None, "it goes on"


@pytest.mark.usefixtures("witness")
@pytest.mark.parametrize("piece", [b"", b"x"])
async def test_fragments_without_end_close_the_socket(raw, house, piece):
    """F-26, F-27."""
    breaking = await raw(await house.customer())
    breaking.writer.write(framed(TEXT, piece, last=False) + framed(0, piece, last=False) * 20_000)
    assert await breaking.closed() == 1008


async def test_a_message_in_some_pieces_is_understood(house):
    customer = await house.customer()
    socket = await customer.socket()
    text = '{"t":"send","conv":null,"client_id":"in-pieces-1","body":{"text":"' + "x" * 4000 + '"}}'
    await socket.connection.send([text[start : start + 100] for start in range(0, len(text), 100)])
    assert (await socket.sent("in-pieces-1"))["t"] == "sent"


@pytest.mark.usefixtures("witness")
@pytest.mark.parametrize("size", [64 * 1024 + 1, 10_000_000])
async def test_a_huge_message_ends_its_socket_and_disturbs_nobody(raw, house, size):
    customer = await house.customer()
    large = await raw(customer)
    large.writer.write(framed(TEXT, b'{"t":"send","body":{"text":"' + b"x" * size))
    assert await large.closed() in (1009, None)  # the reset may overtake the close while much is under way
    await customer.write("stored, and nothing before it")
    assert [entry["seq"] for entry in await customer.timeline() if entry["kind"] == "message"][:1] == [2]


async def test_who_talks_too_fast_is_heard_more_slowly_and_completely(open_gateway, build_house):
    house = await build_house(open_gateway(limit_frames="10/1second", limit_messages="1000/second"))
    customer, other = await house.customer(), await house.customer()
    socket, beside = await customer.socket(), await other.socket()
    began = time.monotonic()
    for number in range(30):
        await socket.say(t="send", conv=None, client_id=f"quick-{number:04}", body={"text": str(number)})
    await beside.pong()
    answers = [await socket.sent(f"quick-{number:04}", within=15) for number in range(30)]
    assert time.monotonic() - began > 1.5, "ten at once, and ten in each second"
    assert [answer["t"] for answer in answers] == ["sent"] * 30
    assert [answer["seq"] for answer in answers] == sorted(answer["seq"] for answer in answers)


async def test_many_frames_in_one_packet_are_taken_one_by_one(raw, open_gateway, build_house):
    """What cannot be dealt with yet stays in the network, not in a queue of the gateway."""
    house = await build_house(open_gateway(limit_frames="1000/1second"))
    customer = await house.customer()
    talking = await raw(customer, at=house)
    talking.writer.write(framed(TEXT, b'{"t":"ping"}') * 20_000)
    await asyncio.sleep(0.5)
    protocols = [one for one in house.gateway._server.server_state.connections if hasattr(one, "queue")]
    waiting = max(one.queue.qsize() for one in protocols)
    assert waiting <= transport.PIECE // len(framed(TEXT, b'{"t":"ping"}')) + 1


async def test_a_client_that_vanished_is_noticed(raw, open_gateway, build_house, monkeypatch):
    """F-21: Half-open: the network takes the packets and nobody answers, as when a phone falls asleep."""
    monkeypatch.setitem(SERVER, "ws_ping_interval", 0.5)
    monkeypatch.setitem(SERVER, "ws_ping_timeout", 0.5)
    house = await build_house(open_gateway())
    gone, here = await house.customer(), await house.customer()
    socket = await here.socket()  # whose client answers pings
    await raw(gone, at=house)  # which reads and answers nothing
    async with asyncio.timeout(5):
        while house.gateway.sessions() < 2:
            await asyncio.sleep(0.02)
    async with asyncio.timeout(10):
        while house.gateway.sessions() > 1:
            await asyncio.sleep(0.05)
    await socket.pong()
    sent = await gone.write("awake again")
    back = await gone.socket()
    await back.reach(gone.conversation, sent["seq"])


def resident() -> int:
    """Bytes of memory of this process, in which the gateway runs."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.usefixtures("witness")
async def test_who_does_not_read_while_ten_thousand_entries_are_written(house, monkeypatch):
    """F-22."""
    monkeypatch.setattr(live_session, "SEND_TIMEOUT_S", 1.0)
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    bare = socket_module.socket()
    bare.setsockopt(socket_module.SOL_SOCKET, socket_module.SO_RCVBUF, 4096)
    host, port = house.gateway.address.split(":")
    bare.connect((host, int(port)))
    address = f"ws://{house.gateway.address}/v1/ws"
    async with connect(address, sock=bare, origin=SHOP_URL, max_queue=1, compression=None, proxy=None) as slow:
        ticket = await customer.ticket()
        await slow.send(f'{{"t":"hello","proto":1,"ticket":"{ticket}","device":"d_slow","subs":[]}}')
        await asyncio.sleep(0.3)
        sessions, before = house.gateway.sessions(), resident()
        for part in range(10):
            last = await fill(house, customer, [f"{part}/{number} " + "字" * 300 for number in range(1000)])
            house.gateway.app.state.service.bell.ring(f"conversation/{house.tenant.id}/{customer.conversation}")
        async with asyncio.timeout(15):
            while house.gateway.sessions() >= sessions:
                await asyncio.sleep(0.05)
        assert resident() - before < 40 * 1024 * 1024, "10 MB of entries are not kept for him"
        slow.transport.abort()
    back = await customer.socket((customer.conversation, last - 500))
    assert len(await back.reach(customer.conversation, last, within=15)) == 500
