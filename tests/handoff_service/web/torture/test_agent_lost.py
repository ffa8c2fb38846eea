"""Fault: "agent socket lost with waiting, active and wrapped-up chats"."""

from __future__ import annotations

import asyncio

from tests.handoff_service.stage import FakeClock
from tests.handoff_service.web.serving import on_both
from tests.handoff_service.web.torture.rules import (
    AGES,
    configure,
    cut,
    events,
    gone,
    head_of,
    holds,
    owned_by,
    queue,
    said,
    served,
)
from tests.handoff_service.web.visitors import accepted, fresh, refused

WITH_LEASES = {**AGES, "agent_grace_s": 60.0}


@on_both
async def test_everything_he_had_finds_its_place_when_an_agent_is_lost(own_house):
    clock = FakeClock()
    house = await own_house(clock=clock, **WITH_LEASES)
    lin, maya = await house.agent("lin"), await house.agent("maya")
    at_lin = await lin.socket()
    at_maya = await maya.socket()
    wrapped, epoch = await served(house, lin)
    accepted(await lin.do(wrapped.conversation, "close", epoch=epoch, wrap_up="solved"))
    active = [await served(house, lin, f"active {number}") for number in (1, 2)]
    waiting, handoff = await house.waiting("waits since before")
    clock.advance(5)
    await cut(at_lin)
    await gone(house, lin)
    clock.advance(50)
    await asyncio.sleep(0.15)
    assert [(await head_of(house, one.conversation)).owner.kind for one, _ in active] == ["agent", "agent"], "in grace"
    clock.advance(11)
    for one, _ in active:
        await owned_by(house, one.conversation, "queue")

    def is_settled(frame):
        return frame["t"] == "desk" and len(frame["waiting"]) == 3

    order = [card["conversation"] for card in (await at_maya.until(is_settled))["waiting"]]
    assert set(order[:2]) == {one.conversation for one, _ in active}, "who was served goes before who waits"
    assert order[2] == waiting.conversation
    assert (await head_of(house, wrapped.conversation)).owner.kind == "closed"
    accepted(await wrapped.post(wrapped.path("rating"), {"op_id": fresh(), "score": 5}))

    # The lost one comes back with his drafts: what he no longer owns he cannot answer, by socket or by HTTP.
    back = await lin.socket()
    for one, epoch in active:
        refused(await lin.reply(one.conversation, "sorry, I was away", epoch), 409, "fenced")
        name = fresh("msg")
        await back.say(t="send", conv=one.conversation, client_id=name, body={"text": "sorry"}, epoch=epoch)
        assert (await back.sent(name))["code"] == "fenced"
    clock.advance(120)
    await asyncio.sleep(0.15)
    taken = accepted(await maya.accept(await house.handoff_of(active[0][0])))
    accepted(await maya.reply(active[0][0].conversation, "I go on", taken["epoch"]))
    accepted(await lin.accept(await house.handoff_of(active[1][0])))
    accepted(await maya.accept(handoff))
    for one, _ in active:
        entries = await holds(house, one.conversation)
        assert events(entries)[-2:] == ["agent_lost", "claim"], "told once"
    assert said(await holds(house, active[0][0].conversation), "agent") == ["I go on"]
    for one in (wrapped, waiting):
        await holds(house, one.conversation)


async def test_back_within_the_grace_time_on_another_device_he_keeps_everything(own_house):
    clock = FakeClock()
    house = await own_house(clock=clock, **WITH_LEASES)
    lin = await house.agent("lin")
    first = await lin.socket()
    customer, epoch = await served(house, lin)
    for _ in range(3):  # a train with tunnels
        await cut(first)
        await gone(house, lin)
        clock.advance(59)
        await asyncio.sleep(0.1)
        first = await lin.socket((customer.conversation, 0))
    clock.advance(300)
    await asyncio.sleep(0.1)
    accepted(await lin.reply(customer.conversation, "still with you", epoch))
    entries = await holds(house, customer.conversation)
    assert events(entries) == ["opened", "asked", "claim"]


async def test_the_only_agent_is_lost_with_an_offer_out_and_the_line_goes_to_the_mailbox(own_house):
    """Nobody is left on duty: who waits is promised an answer, who was served too; the offer does not hang."""
    clock = FakeClock()
    house = await own_house(clock=clock, offer_s=3600.0, **WITH_LEASES)
    await configure(house, queues=[queue("offer")])
    lin = await house.agent("lin", capacity=2)
    socket = await lin.socket()
    customers = []
    for _ in range(3):
        customer, _ = await house.waiting()
        customers.append(customer)
    handoff = await house.handoff_of(customers[0])
    await owned_by(house, customers[0].conversation, "offer")
    accepted(await lin.accept(handoff))
    await owned_by(house, customers[1].conversation, "offer")
    await cut(socket)
    await gone(house, lin)
    await owned_by(house, customers[1].conversation, "queue")
    for _ in range(4):
        clock.advance(61)
        await asyncio.sleep(0.1)
    for one in customers:
        await owned_by(house, one.conversation, "mailbox")
        entries = await holds(house, one.conversation)
        promises = [e for e in entries if "off duty" in e.body.get("text", "")]
        assert len(promises) == 1
    assert events(await holds(house, customers[0].conversation))[-2:] == ["agent_lost", "closing_time"]
