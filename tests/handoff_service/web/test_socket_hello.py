"""The first second of a socket: who may open one, and what hello must say."""

from __future__ import annotations

import asyncio
import contextlib
import json

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from handoff_service.live import api as live_api
from handoff_service.migrate import log_id
from tests.handoff_service.stage import SHOP_URL, FakeClock
from tests.handoff_service.web.serving import on_both
from tests.handoff_service.web.visitors import accepted, fresh


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "",
        "https://evil.example",
        f"{SHOP_URL}.evil.example",
        f"{SHOP_URL}0",
        f"{SHOP_URL}/",
        SHOP_URL.replace("http:", "https:"),
        SHOP_URL.replace("127.0.0.1", "127.0.0.1@evil.example"),
        f"https://evil.example/{SHOP_URL}",
    ],
)
async def test_a_page_of_another_origin_gets_403_before_the_socket_opens(house, origin):
    customer = await house.customer()
    with pytest.raises(InvalidStatus) as refused:
        await customer.dial(origin=origin)
    assert refused.value.response.status_code == 403


async def test_the_shop_and_the_gateway_itself_may_open_sockets(house):
    customer = await house.customer()
    for origin in (SHOP_URL, house.gateway.url):
        socket = await customer.socket(origin=origin)
        assert socket.connection.subprotocol == "tandem.v1"


async def test_a_ticket_opens_one_socket(house):
    customer = await house.customer()
    ticket = await customer.ticket()
    first, second = await customer.dial(), await customer.dial()
    await first.say(t="hello", proto=1, ticket=ticket, device="d_1", subs=[])
    assert (await first.until(lambda _: True))["t"] == "welcome"
    await second.say(t="hello", proto=1, ticket=ticket, device="d_2", subs=[])
    assert await second.closed() == 4401
    assert second.frames == []


@on_both
async def test_a_ticket_that_two_sockets_show_at_once_opens_one(house):
    customer = await house.customer()
    ticket = await customer.ticket()
    sockets = [await customer.dial() for _ in range(4)]
    await asyncio.gather(*(one.say(t="hello", proto=1, ticket=ticket, device="d_1", subs=[]) for one in sockets))
    async with asyncio.timeout(20):
        while sum(one.code == 4401 for one in sockets) < 3 or not any(one.frames for one in sockets):
            await asyncio.sleep(0.02)
    assert sum(bool(one.frames) for one in sockets) == 1


@on_both
async def test_an_unknown_ticket_is_refused(house, subtests):
    customer = await house.customer()
    for ticket in ("", "x", "\x00", "\ud800", "A" * 10_000, 5, None, {"a": 1}):
        with subtests.test(ascii(ticket)[:20]):
            socket = await customer.dial()
            await socket.say(t="hello", proto=1, ticket=ticket, device="d_1", subs=[])
            assert await socket.closed() == 4401


async def test_a_ticket_expires_after_thirty_seconds(open_gateway, build_house):
    clock = FakeClock()
    house = await build_house(open_gateway(clock=clock))
    customer = await house.customer()
    answer = accepted(await customer.post("/v1/ws-ticket"))
    assert answer["expires_in"] == 30
    clock.advance(30.1)
    socket = await customer.dial()
    await socket.say(t="hello", proto=1, ticket=answer["ticket"], device="d_1", subs=[])
    assert await socket.closed() == 4401


async def test_silence_instead_of_hello_ends_the_socket(house, monkeypatch):
    monkeypatch.setattr(live_api, "HELLO_S", 0.2)
    socket = await (await house.customer()).dial()
    assert await socket.closed() == 4400


NO_HELLOS = [
    "",
    "hello",
    "[]",
    "5",
    "null",
    '"hello"',
    '{"t":"hello"',
    '{"t":"ping"}',
    '{"t":"hello","proto":1}',
    '{"t":"hello","proto":2,"ticket":"T"}',
    '{"t":"hello","proto":"1","ticket":"T"}',
    '{"t":"hello","proto":1,"ticket":"T","subs":5}',
    '{"t":"hello","proto":1,"ticket":"T","subs":{"conv":"c"}}',
    '{"t":"hello","proto":1,"ticket":"T","subs":[5]}',
    '{"t":"hello","proto":1,"ticket":"T","subs":[{"conv":"c","after":"many"}]}',
    '{"t":"hello","proto":1,"ticket":"T","subs":[{"conv":"c","after":1e999}]}',
    '{"t":"hello","proto":1,"ticket":"T","device":"d_\\ud800"}',
    '{"t":"hello","proto":1,"ticket":"T","device":"d_\\u0000"}',
    '{"t":"hello","proto":1,"ticket":"T","device":"' + "d" * 100 + '"}',
    "[" * 30_000,
    b'{"t":"hello","proto":1,"ticket":"T"}',
    b"\xff\x00",
]


async def test_a_first_frame_that_is_no_hello_ends_the_socket(house, subtests):
    customer = await house.customer()
    ticket = await customer.ticket()
    for first in NO_HELLOS:
        with subtests.test(str(first)[:80]):
            socket = await customer.dial()
            await socket.connection.send(first if isinstance(first, bytes) else first.replace('"T"', f'"{ticket}"'))
            assert await socket.closed() == 4400
            assert socket.frames == []


async def test_a_frame_larger_than_64_kib_ends_the_socket_and_nothing_else(house):
    customer, witness = await house.customer(), await (await house.customer()).socket()
    for size in (65_537, 10_000_000):
        socket = await customer.socket()
        with contextlib.suppress(ConnectionClosed):  # it does not listen to the end
            await socket.connection.send(json.dumps({"t": "send", "body": {"text": "x" * size}}))
        assert await socket.closed() == 1009
    await witness.pong()


async def test_invalid_utf8_ends_the_socket(house):
    socket = await (await house.customer()).socket()
    await socket.connection.send(b'{"t":"ping","x":"\xff"}', text=True)
    assert await socket.closed() == 1007


@on_both
async def test_welcome_says_who_is_there_and_what_holds(house):
    customer = await house.customer()
    first = (await customer.socket()).frames[0]
    assert set(first) == {"t", "session", "log_id", "server_time", "principal", "limits", "current"}
    assert first["principal"]["kind"] == "customer"
    assert first["principal"]["id"] == customer.contact
    assert first["limits"] == {"text_chars": 8000}
    assert first["current"] is None
    assert first["log_id"] == await house.database.read(log_id)
    assert first["server_time"].endswith("Z")
    await customer.write("hello")
    await customer.answered()
    again = (await customer.socket()).frames[0]
    last = (await customer.timeline())[-1]["seq"]
    assert again["current"] == {"conv": customer.conversation, "last_seq": last}
    assert again["session"] != first["session"]
    assert again["log_id"] == first["log_id"]


async def test_welcome_of_an_agent_names_the_role(house):
    desk = await house.agent("lin")
    welcome = (await desk.socket()).frames[0]
    assert welcome["principal"] == {"kind": "agent", "id": desk.id, "name": "Lin", "role": "agent"}
    assert welcome["current"] is None


async def test_hello_for_a_foreign_conversation_is_answered_with_not_found(house):
    other = await house.customer()
    await other.write("mine")
    spy = await house.customer()
    socket = await spy.socket((other.conversation, 0), ("c_unknown", 0))
    errors = [
        await socket.until(lambda f, c=c: f["t"] == "err" and f["conv"] == c) for c in (other.conversation, "c_unknown")
    ]
    assert [error["code"] for error in errors] == ["not_found", "not_found"]
    await socket.pong()
    assert not [frame for frame in socket.frames if frame["t"] == "entry"]


NONSENSE = [
    {"t": "shout"},
    {"t": "hello"},
    {"t": None},
    {},
    {"t": ["send"]},
    {"t": "\ud800"},
    {"t": "sub"},
    {"t": "sub", "conv": 5},
    {"t": "sub", "conv": "c_unknown", "after": 0},
    {"t": "sub", "conv": "c_\x00"},
    {"t": "sub", "conv": "c_\ud800"},
    {"t": "sub", "conv": "c_unknown", "after": -1},
    {"t": "ack", "conv": "c_unknown", "seq": 1},
    {"t": "ack", "conv": "c_unknown", "seq": "1"},
    {"t": "read", "conv": None, "seq": 1},
    {"t": "typing"},
    {"t": "unsub", "conv": {}},
    {"t": "send"},
    {"t": "send", "client_id": "short"},
    {"t": "send", "client_id": "\ud800" * 8, "body": {"text": "x"}},
    {"t": "send", "client_id": {"a": 1}, "body": {"text": "x"}},
    [],
    [{"t": "ping"}],
    5,
    "ping",
    None,
]


@on_both
async def test_a_frame_that_makes_no_sense_is_answered_with_an_error_and_the_socket_lives(house, subtests):
    customer = await house.customer()
    socket = await customer.socket()
    for frame in NONSENSE:
        with subtests.test(ascii(frame)[:80]):
            seen = len(socket.frames)
            await socket.connection.send(json.dumps(frame))
            error = await socket.until(lambda f: f["t"] == "err", since=seen)
            assert error["code"] in ("invalid", "not_found")
            assert error["message"]
            assert error["retryable"] is False
            await socket.pong()


@pytest.mark.parametrize("frame", ["{", "[" * 30_000, b'{"t":"ping"}'])
async def test_what_is_no_json_text_ends_the_socket(house, frame):
    socket = await (await house.customer()).socket()
    await socket.connection.send(frame)
    assert await socket.closed() == 4400


async def test_clients_that_hang_up_at_any_moment_leave_the_gateway_well(house, caplog):
    customer = await house.customer()
    for spoken in range(3):
        socket = await customer.dial()
        if spoken:
            await socket.say(t="hello", proto=1, ticket=await customer.ticket(), device="d_1", subs=[])
        if spoken > 1:
            await socket.say(t="send", conv=None, client_id=fresh("msg"), body={"text": "hello"})
        socket.connection.transport.abort()
    await asyncio.sleep(0.3)
    await (await customer.socket()).pong()
    assert "Exception in ASGI application" not in caplog.text
