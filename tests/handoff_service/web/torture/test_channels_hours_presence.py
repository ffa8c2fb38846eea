"""Fault: "every channel × hours × presence", and F-60: a queue that is drained at closing time.

All mixtures here over the widget and the signed API; every adapter there is, in test_every_channel_says_when.py.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from tests.handoff_service.stage import FakeClock, ScriptedBot
from tests.handoff_service.web.conftest import by_text
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

WORKDAYS = [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "18:00"}]
HOURS = {"none": [], "open": WORKDAYS, "closed": [{"days": ["sun"], "from": "02:00", "to": "04:00"}]}
PRESENCE = ("online", "away", "offline", "just gone", "nobody")
ON_DUTY = {"online", "away", "just gone"}
NOON = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)  # a Tuesday, twelve o'clock in Shanghai


def evening(hour: int, minute: int, second: int, day: int = 3) -> datetime:
    """A time of that day of November 2026 in Shanghai."""
    return datetime(2026, 11, day, hour - 8, minute, second, tzinfo=UTC)


async def take_place(house, presence):
    """The agent of the queue is there in this way."""
    if presence == "nobody":
        return
    lin = await house.agent("lin")
    socket = await lin.socket()
    if presence in ("away", "offline"):
        accepted(await lin.post("/v1/agents/me/presence", {"status": presence}))
    if presence == "just gone":
        await cut(socket)
        await gone(house, lin)


async def ask(house, platform, channel):
    """A customer asks for a person on this channel; the conversation."""
    if channel == "web":
        customer = await house.customer()
        await customer.write("hello")
        await customer.answered()
        await customer.ask_human()
        return customer.conversation
    stamp = int(house.gateway.clock().timestamp())
    posted = await asyncio.to_thread(
        lambda: platform.post(platform.event("ann" + fresh(), "human please"), timestamp=stamp)
    )
    assert posted.accepted, posted
    return posted.body["conversation"]


@pytest.mark.parametrize("hours", HOURS)
async def test_who_asks_for_a_person_waits_where_somebody_comes_and_else_gets_a_promise(
    own_house, build_house, connect, hours
):
    """Five houses of one gateway, one for each presence; in each both channels."""
    clock = FakeClock(NOON)
    first = await own_house(clock=clock, bot=ScriptedBot(usually=by_text), **AGES)
    houses = [first, *[await build_house(first.gateway) for _ in PRESENCE[1:]]]
    for house, presence in zip(houses, PRESENCE, strict=True):
        await configure(house, queues=[queue(hours=HOURS[hours])])
        platform = await connect(house)
        await take_place(house, presence)
        waits = presence in ON_DUTY and hours != "closed"
        for channel in ("web", "api"):
            place = await ask(house, platform, channel)
            head = await owned_by(house, place, "queue" if waits else "mailbox")
            entries = await holds(house, place)
            text = entries[head.last_seq - 1].body.get("text") or entries[-1].body["text"]
            states = [one.body["text"] for one in entries if one.kind == "state" and one.body["event"] == "asked"]
            assert len(states) == 1
            if hours == "closed":
                told = "11月8日 02:00" if head.language == "zh" else "8 November, 02:00"
                assert told in states[0], (presence, channel, states, text)
            assert events(entries) == ["opened", "asked"]


@on_both
async def test_at_closing_time_who_waits_is_promised_and_who_is_served_is_served_on(own_house):
    """17:59:59, 18:00:00, 18:00:01; with an offer out, one who waits and one who is served."""
    clock = FakeClock(evening(17, 59, 50))
    house = await own_house(clock=clock, offer_s=3600.0, **AGES)
    await configure(house, queues=[queue("offer", hours=WORKDAYS)])
    lin = await house.agent("lin", capacity=1)
    socket = await lin.socket()
    first, handoff = await house.waiting()
    await owned_by(house, first.conversation, "offer")
    epoch = accepted(await lin.accept(handoff))["epoch"]
    second, _ = await house.waiting()
    third, _ = await house.waiting()
    accepted(await third.post(third.path("solved"), {"op_id": fresh()}))
    watching = await second.socket()
    clock.now = evening(17, 59, 59)
    await asyncio.sleep(0.2)
    assert (await head_of(house, second.conversation)).owner.kind == "queue", "it is open for one more second"
    clock.now = evening(18, 0, 0)
    await owned_by(house, second.conversation, "mailbox")
    told = await watching.entry(lambda one: one["kind"] == "state" and one["body"]["event"] == "closing_time")
    assert "back on 4 November, 09:00" in told["body"]["text"]
    assert "reply by 6 November, 09:00" in told["body"]["text"], "the time of the promise runs from the next opening"
    clock.now = evening(18, 0, 1)
    accepted(await third.post(third.path("ask-human"), {"op_id": fresh()}))
    assert (await head_of(house, third.conversation)).owner.kind == "mailbox"
    accepted(await lin.reply(first.conversation, "I finish this with you", epoch))
    accepted(await lin.do(first.conversation, "close", epoch=epoch, wrap_up="solved"))
    taken = accepted(await lin.accept(await house.handoff_of(second)))["epoch"]  # overtime is nobody's business
    accepted(await lin.do(second.conversation, "transfer", epoch=taken, to_queue="support"))
    await owned_by(house, second.conversation, "mailbox")
    clock.now = evening(20, 0, 0, day=5)  # longer than the time of a promise from closing, shorter than from opening
    await asyncio.sleep(0.2)
    for one in (first, second, third):
        entries = await holds(house, one.conversation)
        assert not any("did not reply in time" in text for text in said(entries, "system"))
    assert [len(frame["offers"]) for frame in socket.frames if frame["t"] == "desk"][-1] == 0


async def test_lost_or_timed_out_after_closing_nobody_is_put_into_a_queue_that_is_closed(own_house):
    clock = FakeClock(evening(17, 59, 0))
    house = await own_house(clock=clock, **{**AGES, "offer_s": 300.0})
    await configure(house, queues=[queue("offer", hours=WORKDAYS)])
    lin = await house.agent("lin")
    socket = await lin.socket()
    customer, handoff = await house.waiting()
    await owned_by(house, customer.conversation, "offer")
    clock.now = evening(18, 4, 1)
    await owned_by(house, customer.conversation, "mailbox")
    entries = await holds(house, customer.conversation)
    assert events(entries) == ["opened", "asked", "offer", "offer_timeout", "closing_time"]
    epoch = accepted(await lin.accept(handoff))["epoch"]
    await cut(socket)
    await gone(house, lin)
    clock.now = evening(18, 30, 0)
    await owned_by(house, customer.conversation, "mailbox")
    assert events(await holds(house, customer.conversation))[-3:] == ["claim", "agent_lost", "closing_time"]
    refused(await lin.reply(customer.conversation, "back again", epoch), 409, "fenced")


async def test_the_hour_that_comes_twice_is_open_once_more(own_house):
    """A night desk on the day on which the clocks go back: nobody is sent away in the middle of its shift."""
    clock = FakeClock(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))  # half past two, for the first time
    house = await own_house(clock=clock, **AGES)
    await configure(
        house, timezone="Europe/Berlin", queues=[queue(hours=[{"days": ["sat"], "from": "22:00", "to": "03:00"}])]
    )
    lin = await house.agent("lin")
    await lin.socket()
    customer, _ = await house.waiting()
    clock.now = datetime(2026, 10, 25, 1, 59, 59, tzinfo=UTC)  # almost three, for the second time
    await asyncio.sleep(0.2)
    assert (await head_of(house, customer.conversation)).owner.kind == "queue"
    clock.now = datetime(2026, 10, 25, 2, 0, 0, tzinfo=UTC)
    await owned_by(house, customer.conversation, "mailbox")
    later, epoch = await served(house, lin)
    assert events(await holds(house, later.conversation)) == ["opened", "asked", "claim"]
    assert epoch == 3
