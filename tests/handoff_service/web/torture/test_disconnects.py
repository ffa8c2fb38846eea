"""Fault: "disconnects: clean, dirty, one-way, sleep, two tabs, two devices"."""

from __future__ import annotations

import asyncio

import pytest

from tests.handoff_service.web.serving import on_both
from tests.handoff_service.web.test_visitor_identity import signed
from tests.handoff_service.web.torture.rules import holds, said, served
from tests.handoff_service.web.visitors import Customer, accepted, fresh


async def clean(socket):
    await socket.leave()


async def dirty(socket):
    socket.connection.transport.abort()
    await socket.closed()


async def one_way(socket):
    """What the gateway says is not read any more; what the client says still arrives."""
    socket.connection.transport.pause_reading()


async def sleep(socket):
    """The phone sleeps: nothing in either direction, and the connection looks alive."""
    socket.connection.transport.pause_reading()


@pytest.mark.parametrize("way", [clean, dirty, one_way, sleep])
async def test_whatever_way_the_customer_is_gone_he_gets_each_entry_once(house, way):
    """While he is gone the agent writes, and he himself sent something whose acknowledgement he never saw."""
    lin = await house.agent("lin")
    at_lin = await lin.socket()
    customer, epoch = await served(house, lin)
    phone = await customer.socket((customer.conversation, 0), device="d_phone")
    tab = await customer.socket((customer.conversation, 0), device="d_phone")
    tablet = await customer.socket((customer.conversation, 0), device="d_tablet")
    accepted(await lin.reply(customer.conversation, "before", epoch))
    before = await phone.entry(lambda entry: entry["body"].get("text") == "before")
    lost = fresh("msg")
    if way is not sleep:
        await phone.say(t="send", conv=customer.conversation, client_id=lost, body={"text": "did you get this?"})
    await way(phone)
    for number in range(5):
        accepted(await lin.reply(customer.conversation, f"meanwhile {number}", epoch))
    resumed = await customer.socket((customer.conversation, before["seq"]), device="d_phone")
    message = {"client_id": lost, "body": {"text": "did you get this?"}}
    again, other = await asyncio.gather(  # the outbox of this tab, and that of the other one which shares its storage
        customer.post("/v1/conversations/current/messages", message),
        customer.post(customer.path("messages"), message),
    )
    assert accepted(again) == accepted(other)
    await resumed.say(t="send", conv=customer.conversation, **message)
    assert (await resumed.sent(lost))["seq"] == accepted(again)["seq"]
    entries = await holds(house, customer.conversation)
    assert said(entries, "customer").count("did you get this?") == 1
    last = entries[-1].seq
    assert [one["seq"] for one in await resumed.reach(customer.conversation, last)] == list(
        range(before["seq"] + 1, last + 1)
    )
    for socket in (tab, tablet):
        assert [one["seq"] for one in await socket.reach(customer.conversation, last)] == list(range(1, last + 1))
    if way in (one_way, sleep):  # he wakes up: the old connection catches up without a gap, or is gone
        phone.connection.transport.resume_reading()
        await phone.reach(customer.conversation, last)
    await at_lin.pong()


@on_both
async def test_two_devices_and_two_tabs_talk_at_once_through_the_handoff(house):
    """F-19, F-20: the same signed identity on two devices; one order for everybody, each command once."""
    lin = await house.agent("lin")
    await lin.socket()
    phone = await house.customer(identity=signed(house, sub="u-1", jti=fresh("jti")))
    await phone.write("hello")
    await phone.answered()
    laptop: Customer = await house.customer(identity=signed(house, sub="u-1", jti=fresh("jti")))
    laptop.conversation = phone.conversation
    sockets = [await phone.socket(), await phone.socket(), await laptop.socket(device="d_laptop")]
    asked = await asyncio.gather(phone.ask_human(), laptop.ask_human())
    assert [one["owner"] for one in asked] == ["queue", "queue"]
    epoch = accepted(await lin.accept(await house.handoff_of(phone)))["epoch"]
    names = []
    for number in range(4):
        for index, socket in enumerate(sockets):
            names.append(fresh("msg"))
            body = {"text": f"{index} says {number}"}
            await socket.say(t="send", conv=phone.conversation, client_id=names[-1], body=body)
    replies = [lin.reply(phone.conversation, f"reply {number}", epoch) for number in range(4)]
    for answer in await asyncio.gather(*replies):
        accepted(answer)
    await dirty(sockets[1])
    for index in (0, 2):
        assert [(await sockets[index].sent(name))["t"] for name in names[index::3]] == ["sent"] * 4
    entries = await holds(house, phone.conversation)
    words = said(entries, "customer")[1:]
    for index in (0, 2):
        own = [one for one in words if one.startswith(f"{index} ")]
        assert own == [f"{index} says {number}" for number in range(4)], "each device in its own order"
    for socket in (sockets[0], sockets[2]):
        heard = await socket.reach(phone.conversation, entries[-1].seq)
        assert [one["seq"] for one in heard] == [one.seq for one in entries]
