"""Following a conversation over a socket: order, resuming, several devices, idempotent sends, cursors."""

from __future__ import annotations

import asyncio
import socket as socket_module
import time

import asyncpg
import pysqlite3 as sqlite3
import pytest
import sqlalchemy as sa
from starlette.websockets import WebSocketDisconnect
from websockets.asyncio.client import connect

from handoff_service import tables
from handoff_service.conversations import store
from handoff_service.conversations.model import BOT, Draft, Kind
from handoff_service.live import session as live_session
from tests.handoff_service.stage import SHOP_URL
from tests.handoff_service.web.serving import on_both, on_postgres
from tests.handoff_service.web.visitors import accepted, fresh


async def fill(house, customer, texts):
    """Appends entries of the bot to the customer's conversation in one transaction; nobody is told."""

    def write(tx):
        conversation = store.find(tx.connection, house.tenant.id, customer.conversation, lock=True)
        for text in texts:
            draft = Draft(kind=Kind.MESSAGE, author=BOT, body={"text": text})
            conversation, _ = store.append(tx, conversation, draft, house.gateway.clock())
        return conversation.last_seq

    return await house.database.write(write)


@on_both
async def test_a_new_visitor_talks_with_the_bot_over_one_socket(house):
    customer = await house.customer()
    socket = await customer.socket()
    await socket.say(t="send", conv=None, client_id="first-message", body={"text": "hello 你好 👩‍👩‍👧"})
    sent = await socket.sent("first-message")
    answer = await socket.entry(lambda entry: entry["author"]["kind"] == "bot")
    entries = socket.entries(sent["conv"])
    assert [entry["kind"] for entry in entries] == ["state", "message", "message"]
    assert entries[0]["body"]["event"] == "opened"
    assert entries[1]["body"] == {"text": "hello 你好 👩‍👩‍👧"}
    assert (entries[1]["seq"], entries[1]["mid"]) == (sent["seq"], sent["mid"])
    assert entries[1]["client_id"] == "first-message"
    assert answer["client_id"] is None
    assert answer["body"]["buttons"] == [{"title": "Yes"}, {"title": "No"}]
    customer.conversation = sent["conv"]
    assert await customer.timeline() == entries


async def test_a_pressed_button_is_sent_by_its_number(house):
    customer = await house.customer()
    socket = await customer.socket()
    await customer.write("hello")
    answer = await socket.entry(lambda entry: entry["author"]["kind"] == "bot")
    press = {"press": {"seq": answer["seq"], "index": 1}}
    await socket.say(t="send", conv=customer.conversation, client_id="pressed-no", body=press)
    sent = await socket.sent("pressed-no")
    entry = await socket.entry(lambda entry: entry["seq"] == sent["seq"])
    assert entry["body"] == {"text": "No", "pressed": {"seq": answer["seq"], "index": 1}}


@on_both
async def test_every_device_and_every_tab_sees_the_same_list(house):
    """F-19, F-20."""
    customer = await house.customer()
    tabs = [await customer.socket(device=device) for device in ("d_phone", "d_phone", "d_laptop")]
    for number in range(4):
        tab = tabs[number % 3]
        await tab.say(t="send", conv=None, client_id=f"message-{number}", body={"text": f"number {number}"})
        await tab.sent(f"message-{number}")
    customer.conversation = tabs[0].frames[-1]["conv"]
    await customer.answered()
    timeline = await customer.timeline()
    last = timeline[-1]["seq"]
    for tab in tabs:
        assert (await tab.reach(customer.conversation, last))[: len(timeline)] == timeline
    late = await customer.socket(device="d_new")
    assert (await late.reach(customer.conversation, last))[: len(timeline)] == timeline


@on_both
async def test_resuming_from_a_cursor_sends_exactly_what_came_after_it(house):
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    last = await fill(house, customer, [f"line {number}" for number in range(450)])  # more than two pages
    timeline = await customer.timeline() + await customer.timeline(after=500)
    for after in (0, 1, 200, last - 1):
        socket = await customer.socket((customer.conversation, after))
        entries = await socket.reach(customer.conversation, last)
        assert entries == [entry for entry in timeline if entry["seq"] > after]
    socket = await customer.socket((customer.conversation, last))
    await socket.until(lambda frame: frame["t"] == "status")
    await socket.pong()
    assert socket.entries(customer.conversation) == []


@pytest.mark.parametrize("by", ["hello", "sub"])
async def test_a_cursor_ahead_of_the_log_gets_everything_again(house, by):
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    last = (await customer.timeline())[-1]["seq"]
    if by == "hello":
        socket = await customer.socket((customer.conversation, last + 1000))
    else:
        socket = await customer.socket((customer.conversation, last))
        await socket.say(t="sub", conv=customer.conversation, after=last + 1000)
    assert [entry["seq"] for entry in await socket.reach(customer.conversation, last)] == list(range(1, last + 1))


async def test_an_agent_follows_what_he_subscribes_to_and_nothing_else(house):
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    desk = await house.agent()
    socket = await desk.socket()
    await socket.pong()
    assert socket.entries(customer.conversation) == []
    await socket.say(t="sub", conv=customer.conversation, after=1)
    await socket.reach(customer.conversation, 3)
    await socket.say(t="unsub", conv=customer.conversation)
    await socket.pong()
    await customer.write("still there?")
    await customer.answered()
    await socket.pong()
    assert socket.entries(customer.conversation)[-1]["seq"] == 3


async def test_what_is_written_between_the_first_read_and_following_is_not_lost(house, monkeypatch):
    """F-24."""
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    read = live_session.read_page

    def slow_read(*asked, **options):
        found = read(*asked, **options)
        time.sleep(0.3)  # the message is written now: after the read, before its result is sent
        return found

    monkeypatch.setattr(live_session, "read_page", slow_read)
    socket = await customer.socket(wait=False)
    await asyncio.sleep(0.15)
    sent = await customer.write("in between")
    monkeypatch.undo()
    # Polling would find it too, but only after ten seconds.
    await socket.reach(customer.conversation, sent["seq"])


@on_both
async def test_a_resent_message_gets_the_same_answer_and_one_entry(house):
    customer = await house.customer()
    first, second = await customer.socket(), await customer.socket()
    frame = {"t": "send", "conv": None, "client_id": "once-only", "body": {"text": "pay once"}}
    await first.say(**frame)
    answers = [await first.sent("once-only")]
    await second.say(**frame)  # the acknowledgement was lost; another connection resends
    answers.append(await second.sent("once-only"))
    customer.conversation = answers[0]["conv"]
    by_http = accepted(
        await customer.post(customer.path("messages"), {"client_id": "once-only", "body": {"text": "pay once"}})
    )
    assert answers[0] == answers[1]
    assert (by_http["seq"], by_http["mid"]) == (answers[0]["seq"], answers[0]["mid"])
    timeline = await customer.timeline()
    assert [entry.get("client_id") for entry in timeline].count("once-only") == 1


@on_both
async def test_resending_at_the_same_moment_makes_one_entry(house):
    customer = await house.customer()
    sockets = [await customer.socket() for _ in range(3)]
    frame = {"t": "send", "conv": None, "client_id": "at-once-x", "body": {"text": "pay once"}}
    await asyncio.gather(*(socket.say(**frame) for socket in sockets for _ in range(3)))
    answers = [await socket.sent("at-once-x") for socket in sockets]
    assert answers[0]["t"] == "sent"
    assert answers[1:] == answers[:1] * 2
    customer.conversation = answers[0]["conv"]
    assert [entry.get("client_id") for entry in await customer.timeline()].count("at-once-x") == 1


@on_both
async def test_the_same_client_id_with_another_text_is_refused(house):
    customer = await house.customer()
    socket = await customer.socket()
    await socket.say(t="send", conv=None, client_id="used-before", body={"text": "one"})
    await socket.sent("used-before")
    await socket.say(t="send", conv=None, client_id="used-before", body={"text": "two"})
    error = await socket.error("used-before")
    assert (error["code"], error["retryable"]) == ("mismatch", False)
    other = await house.customer()
    await other.write("three", client_id="used-before")  # ids of two customers have nothing to do with each other


async def test_sent_comes_only_after_the_commit(house):
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    socket = await customer.socket()
    path = sa.make_url(house.gateway.settings.database).database
    holder = sqlite3.connect(path, isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")  # from now on nothing can be committed
        await socket.say(t="send", conv=None, client_id="not-yet-1", body={"text": "wait"})
        with pytest.raises(TimeoutError):
            await socket.sent("not-yet-1", within=0.7)
        holder.execute("ROLLBACK")
        sent = await socket.sent("not-yet-1")
        stored = holder.execute("SELECT seq FROM entries WHERE mid = ?", (sent["mid"],)).fetchall()
        assert stored == [(sent["seq"],)]
    finally:
        holder.close()


async def test_typing_reaches_the_others_and_is_never_stored(house):
    desk = await house.agent("lin")
    agent_socket = await desk.socket()
    customer, handoff = await house.waiting()
    accepted(await desk.accept(handoff))
    await agent_socket.say(t="sub", conv=customer.conversation, after=0)
    await agent_socket.until(lambda frame: frame["t"] == "status")
    socket = await customer.socket()
    await socket.until(lambda frame: frame["t"] == "status")
    before = await customer.timeline()
    await agent_socket.say(t="typing", conv=customer.conversation)
    seen = await socket.until(lambda frame: frame["t"] == "typing")
    assert seen == {"t": "typing", "conv": customer.conversation, "author": {"kind": "agent", "name": "Lin"}}
    await socket.say(t="typing", conv=customer.conversation)
    assert (await agent_socket.until(lambda frame: frame["t"] == "typing"))["author"]["kind"] == "customer"
    await socket.pong()
    assert len([frame for frame in socket.frames if frame["t"] == "typing"]) == 1, "his own typing came back"
    assert await customer.timeline() == before


async def test_a_stranger_does_not_hear_or_send_typing(house):
    customer = await house.customer()
    socket = await customer.socket()
    await customer.write("hello")
    await customer.answered()
    stranger = await (await house.customer()).socket()
    await stranger.say(t="typing", conv=customer.conversation)
    await stranger.pong()
    await socket.say(t="typing", conv=customer.conversation)
    await socket.pong()
    await stranger.pong()
    assert not [frame for one in (socket, stranger) for frame in one.frames if frame["t"] == "typing"]


@on_both
async def test_cursors_only_go_forward_and_never_past_the_log(house):
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    last = (await customer.timeline())[-1]["seq"]
    socket = await customer.socket(device="d_cursor")

    async def cursor():
        await socket.pong()
        C = tables.cursors.c
        query = sa.select(C.acked_seq, C.read_seq).where(C.principal_id == customer.contact, C.device == "d_cursor")
        return tuple(await house.database.read(lambda c: c.execute(query).one()))

    for frame, seq, expected in [
        ("ack", 2, (2, 0)),
        ("ack", 1, (2, 0)),
        ("read", 1, (2, 1)),
        ("read", last, (last, last)),
        ("read", 1, (last, last)),
        ("ack", last + 500, (last, last)),
        ("read", last + 500, (last, last)),
    ]:
        await socket.say(t=frame, conv=customer.conversation, seq=seq)
        assert await cursor() == expected, (frame, seq)


@on_postgres
async def test_two_tabs_of_one_device_acknowledge_at_the_same_moment(house):
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    tab = await customer.socket(device="d_shared")
    other_tab = await asyncpg.connect(house.gateway.settings.database)
    try:
        writing = other_tab.transaction()
        await writing.start()
        row = (house.tenant.id, "customer", customer.contact, "d_shared", customer.conversation, 1, 0)
        await other_tab.execute("INSERT INTO cursors VALUES ($1, $2, $3, $4, $5, $6, $7)", *row)
        await tab.say(t="ack", conv=customer.conversation, seq=2)
        await asyncio.sleep(0.3)  # it has seen no row, and now waits for the one that is being written
        await writing.commit()
        await tab.pong()
        assert [frame for frame in tab.frames if frame["t"] == "err"] == []
        stored = await other_tab.fetchval("SELECT acked_seq FROM cursors WHERE principal_id = $1", customer.contact)
        assert stored == 2
    finally:
        await other_tab.close()


async def test_a_slow_reader_costs_no_memory_and_delays_nobody(house, monkeypatch):
    """F-22."""
    monkeypatch.setattr(live_session, "SEND_TIMEOUT_S", 1.5)
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    last = await fill(house, customer, ["字" * 8000] * 400)  # 9.6 MB, more than all buffers on the way hold
    raw = socket_module.socket()
    raw.setsockopt(socket_module.SOL_SOCKET, socket_module.SO_RCVBUF, 4096)
    host, port = house.gateway.address.split(":")
    raw.connect((host, int(port)))
    slow = await connect(
        f"ws://{house.gateway.address}/v1/ws", sock=raw, origin=SHOP_URL, max_queue=1, compression=None, proxy=None
    )
    ticket = await customer.ticket()
    await slow.send(f'{{"t":"hello","proto":1,"ticket":"{ticket}","device":"d_slow","subs":[]}}')
    witness = await house.customer()
    witness_socket = await witness.socket()
    most, started = 0, time.monotonic()
    while house.gateway.buffered() < 10_000 and time.monotonic() - started < 3:
        await asyncio.sleep(0.02)
    for number in range(5):
        most = max(most, house.gateway.buffered())
        asked = time.monotonic()
        await witness_socket.say(t="send", conv=None, client_id=f"witness-{number}", body={"text": "quick?"})
        await witness_socket.sent(f"witness-{number}")
        assert time.monotonic() - asked < 1.0
    assert 10_000 < most < 256 * 1024, f"the gateway holds {most} bytes for a reader that does not read"
    async with asyncio.timeout(6):
        while house.gateway.sessions() > 1:  # the witness is left; the slow one may come back and resume
            await asyncio.sleep(0.05)
    slow.transport.abort()
    back = await customer.socket((customer.conversation, last - 3))
    assert len(await back.reach(customer.conversation, last)) == 3


async def test_a_socket_that_ends_while_it_hears_the_bell_leaves_nothing_behind(open_gateway, build_house, monkeypatch):
    """With asyncio.wait_for of Python 3.11 the end was swallowed by the wake-up, and the session polled for ever."""

    async def hang_up(self):
        await asyncio.sleep(0.1)
        self._wake.set()  # what a bell does
        raise WebSocketDisconnect(1000)

    gateway = open_gateway()
    customer = await (await build_house(gateway)).customer()
    monkeypatch.setattr(live_session.Session, "_read", hang_up)
    socket = await customer.socket()
    await socket.closed()
    async with asyncio.timeout(3):
        while gateway.sessions():
            await asyncio.sleep(0.05)


async def test_a_customer_follows_a_conversation_that_starts_later_on_another_device(house):
    customer = await house.customer()
    socket = await customer.socket()
    await socket.pong()
    sent = await customer.write("from the other device", client_id=fresh("msg"))
    await socket.reach(customer.conversation, sent["seq"])


async def test_what_was_refused_for_now_comes_again_before_anything_else(open_gateway, build_house):
    """Messages travel one behind the other: the second must not be stored while the first is waiting to be resent."""
    house = await build_house(open_gateway(limit_messages="1/second"))
    customer = await house.customer()
    socket = await customer.socket()
    await socket.say(t="send", conv=None, client_id="first-0000", body={"text": "first"})
    customer.conversation = (await socket.sent("first-0000"))["conv"]
    await socket.say(t="send", conv=None, client_id="second-0000", body={"text": "second"})
    assert (await socket.sent("second-0000"))["code"] == "rate"
    await asyncio.sleep(1.1)
    await socket.say(t="send", conv=None, client_id="third-00000", body={"text": "third"})
    assert (await socket.sent("third-00000"))["code"] == "rate", "although the limit would let it through"
    since = len(socket.frames)
    for client_id, text in (("second-0000", "second"), ("third-00000", "third")):
        await asyncio.sleep(1.1)
        await socket.say(t="send", conv=None, client_id=client_id, body={"text": text})
        await socket.until(lambda frame: frame["t"] == "sent", since=since)
        since = len(socket.frames)
    said = [entry["body"]["text"] for entry in await customer.timeline() if entry.get("client_id")]
    assert said == ["first", "second", "third"]


async def test_what_is_refused_for_good_holds_up_nothing(open_gateway, build_house):
    house = await build_house(open_gateway(limit_messages="1/second"))
    customer = await house.customer()
    socket = await customer.socket()
    await socket.say(t="send", conv=None, client_id="first-0000", body={"text": "first"})
    await socket.sent("first-0000")
    await socket.say(t="send", conv=None, client_id="second-0000", body={"text": "second"})
    assert (await socket.sent("second-0000"))["code"] == "rate"
    since = len(socket.frames)
    await asyncio.sleep(1.1)
    await socket.say(t="send", conv=None, client_id="second-0000", body={"text": ""})
    await socket.until(lambda frame: frame["t"] == "err" and frame["code"] == "invalid", since=since)
    await asyncio.sleep(1.1)
    await socket.say(t="send", conv=None, client_id="third-00000", body={"text": "third"})
    assert (await socket.sent("third-00000"))["t"] == "sent"


async def test_what_was_refused_comes_in_its_turn_before_anything_new(open_gateway, build_house):
    """A client heard of the first refusal only, sent that one again and a new one behind it: they changed places."""
    house = await build_house(open_gateway(limit_messages="3/1seconds"))
    customer = await house.customer()
    socket = await customer.socket()

    async def say(number: int) -> None:
        await socket.say(t="send", conv=None, client_id=f"number-{number}", body={"text": f"number {number}"})

    for number in range(5):  # 3 and 4 are refused
        await say(number)
    assert (await socket.error("number-4"))["retryable"] is True
    await asyncio.sleep(1.1)
    await say(3)
    await say(5)
    customer.conversation = (await socket.sent("number-0"))["conv"]
    assert (await socket.error("number-5"))["code"] == "rate"
    await asyncio.sleep(1.1)
    await say(4)
    await say(5)
    await socket.entry(lambda entry: entry["client_id"] == "number-5")
    texts = [entry["body"]["text"] for entry in socket.entries(customer.conversation) if entry["client_id"]]
    assert texts == [f"number {number}" for number in range(6)]


async def test_an_answer_does_not_wait_for_a_conversation_that_never_stands_still(house):
    """Refusals stayed behind while entries kept coming, and the client took them for messages under way."""
    customer = await house.customer()
    await customer.write("hello")
    last = await fill(house, customer, [f"number {number}" for number in range(10 * live_session.PAGE)])
    socket = await customer.socket()
    await socket.say(t="ping")
    await socket.reach(customer.conversation, last, within=20)
    kinds = [frame["t"] for frame in socket.frames]
    assert kinds.index("pong") < len(kinds) - 5 * live_session.PAGE
