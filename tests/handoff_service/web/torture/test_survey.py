"""Fault: "survey once per episode, not outside the window, not to spam"."""

from __future__ import annotations

import asyncio

from tests.handoff_service.stage import FakeClock
from tests.handoff_service.web.serving import on_both
from tests.handoff_service.web.torture.rules import AGES, configure, events, holds, served
from tests.handoff_service.web.visitors import accepted, fresh, refused


async def is_asked(customer):
    """Whether the page would ask for stars now."""
    socket = await customer.socket()
    status = await socket.until(lambda f: f["t"] == "status" and f["conv"] == customer.conversation)
    return status["rate"]


async def rate(customer, score=5):
    return await customer.post(customer.path("rating"), {"op_id": fresh(), "score": score})


async def finish(customer, lin, epoch, wrap_up):
    accepted(await lin.do(customer.conversation, "close", epoch=epoch, wrap_up=wrap_up))


@on_both
async def test_each_episode_is_asked_once_and_spam_never(own_house):
    """Solved, then spam, then solved again in one conversation; two devices rate at once."""
    house = await own_house()
    lin = await house.agent("lin")
    await lin.socket()
    customer, epoch = await served(house, lin)
    watching = await customer.socket((customer.conversation, 0))
    asked = []
    for wrap_up in ("solved", "spam", "no_answer"):
        await finish(customer, lin, epoch, wrap_up)
        asked.append(await is_asked(customer))
        answers = await asyncio.gather(*(rate(customer, score) for score in (1, 3, 5)))
        wanted = [409, 409, 409] if wrap_up == "spam" else [200, 409, 409]
        assert sorted(one.status_code for one in answers) == wanted, wrap_up
        assert not await is_asked(customer)
        await customer.write("once more")
        await customer.answered()
        refused(await rate(customer), 409, "conflict")
        await customer.ask_human()
        epoch = accepted(await lin.accept(await house.handoff_of(customer)))["epoch"]
    assert asked == [True, False, True]
    entries = await holds(house, customer.conversation)
    assert [one.kind for one in entries].count("rating") == 2
    await watching.reach(customer.conversation, entries[-1].seq)
    offered = [frame["rate"] for frame in watching.frames if frame["t"] == "status"]
    assert offered.count(True) == 2


async def test_a_rating_is_not_asked_outside_its_window_and_an_old_page_cannot_give_one(own_house):
    clock = FakeClock()
    house = await own_house(clock=clock, reopen_s=3600.0, bot_idle_s=1800.0, **AGES)
    lin = await house.agent("lin")
    await lin.socket()
    customer, epoch = await served(house, lin)
    old = customer.conversation
    await finish(customer, lin, epoch, "solved")
    clock.advance(3600)
    assert await is_asked(customer)
    clock.advance(1)
    assert not await is_asked(customer)
    refused(await rate(customer), 409, "conflict")
    await customer.write("something new")  # a new conversation; the page still shows the old one
    customer.conversation = old
    refused(await rate(customer), 409, "conflict")
    assert events(await holds(house, old))[-1] == "close"


async def test_who_waited_and_gave_up_or_was_closed_as_idle_is_asked_only_if_a_person_came(own_house):
    clock = FakeClock()
    house = await own_house(clock=clock, agent_idle_s=600.0, bot_idle_s=600.0, **AGES)
    lin = await house.agent("lin")
    await lin.socket()
    waited, _ = await house.waiting()
    accepted(await waited.post(waited.path("solved"), {"op_id": fresh()}))
    helped, epoch = await served(house, lin)
    accepted(await lin.reply(helped.conversation, "anything else?", epoch))
    clock.advance(601)
    for one in (waited, helped):
        socket = await one.socket()
        await socket.until(lambda f: f["t"] == "status" and f["owner"]["kind"] == "closed")
    assert not await is_asked(waited)
    assert await is_asked(helped), "idle is no wrap-up code: a person has helped"
    accepted(await rate(helped, 4))
    for one in (waited, helped):
        assert events(await holds(house, one.conversation))[-1] == "idle"


async def test_the_tenant_may_change_its_mind_about_a_code(own_house):
    """What holds is what is configured when the customer looks, also for conversations that were closed before."""
    house = await own_house()
    lin = await house.agent("lin")
    await lin.socket()
    await configure(house, wrap_up_codes=[{"id": "mistake", "zh": "误触", "en": "By mistake", "survey": False}])
    customer, epoch = await served(house, lin)
    await finish(customer, lin, epoch, "mistake")
    assert not await is_asked(customer)
    await configure(house, wrap_up_codes=[{"id": "mistake", "zh": "误触", "en": "By mistake"}])
    assert await is_asked(customer)
    await configure(house, wrap_up_codes=[{"id": "solved", "zh": "已解决", "en": "Solved", "survey": False}])
    assert await is_asked(customer), "a code that is gone asks like any other end"
    accepted(await rate(customer, 2))
    await holds(house, customer.conversation)
