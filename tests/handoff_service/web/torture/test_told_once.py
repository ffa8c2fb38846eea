"""Fault: "handoff notifies once; ladder; cancel on takeover"."""

from __future__ import annotations

import asyncio

from handoff_service.handoffs import store as handoffs
from tests.handoff_service.stage import FakeClock, ScriptedBot, answer, wants_human
from tests.handoff_service.web.serving import on_both
from tests.handoff_service.web.torture.rules import (
    AGES,
    Pause,
    configure,
    events,
    head_of,
    holds,
    owned_by,
    queue,
    said,
    served,
    until_no_turn,
)
from tests.handoff_service.web.torture.rules import until as until_true
from tests.handoff_service.web.visitors import accepted, fresh, refused


async def requests(house, conversation):
    return await house.database.read(lambda c: handoffs.of_conversation(c, house.tenant.id, conversation))


@on_both
async def test_asked_in_every_way_at_once_is_one_request_and_one_sentence(own_house):
    """The button on two devices, the same op twice, and the bot's own wish come together."""
    pause = Pause(wants_human("unhappy"))
    house = await own_house(bot=ScriptedBot([answer(), pause]))
    lin = await house.agent("lin")
    await lin.socket()
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    await customer.write("this is bad")
    await pause.until_asked()
    same = {"op_id": fresh()}
    bodies = [same, same, {"op_id": fresh()}, {"op_id": fresh()}]
    pause.go()
    asked = await asyncio.gather(*(customer.post(customer.path("ask-human"), body) for body in bodies))
    assert {accepted(one)["owner"] for one in asked} == {"queue"}
    await until_no_turn(house, customer.conversation)
    entries = await holds(house, customer.conversation)
    reasons = events(entries)[1:]
    assert reasons in (["asked"], ["unhappy"])
    told = [one.body["text"] for one in entries if one.body.get("text", "").startswith("I am connecting you")]
    assert len(told) == 1
    assert len(await requests(house, customer.conversation)) == 1


async def test_an_offer_climbs_from_agent_to_agent_and_everybody_hears_of_it_once(own_house):
    """Ignored by one, declined by the next, accepted by the third; late answers of the first two change nothing."""
    clock = FakeClock()
    house = await own_house(clock=clock, **AGES)
    await configure(house, queues=[queue("offer")])
    desks = {name: await house.agent(name) for name in ("lin", "maya", "chen")}
    sockets = {desk.id: await desk.socket() for desk in desks.values()}
    by_id = {desk.id: desk for desk in desks.values()}
    customer, handoff = await house.waiting()
    told = await customer.socket((customer.conversation, 0))
    asked = []
    for step in ("ignore", "decline", "accept"):
        head = await owned_by(house, customer.conversation, "offer")
        asked.append(by_id[head.owner.agent])
        await sockets[head.owner.agent].until(lambda f: f["t"] == "desk" and f["offers"])
        if step == "ignore":
            clock.advance(31)
            await until_true(lambda seen=head.epoch: _passed(house, customer.conversation, seen))
        elif step == "decline":
            accepted(await asked[-1].post(f"/v1/handoffs/{handoff}/decline", {"op_id": fresh()}))
    assert len({desk.id for desk in asked}) == 3, "nobody is asked twice while others are free"
    refused(await asked[0].accept(handoff), 409, "already_taken")
    accepted(await asked[2].accept(handoff))
    late = refused(await asked[1].accept(handoff), 409, "already_taken")
    assert late["holder"]["id"] == asked[2].id
    refused(await asked[1].post(f"/v1/handoffs/{handoff}/decline", {"op_id": fresh()}), 409, "conflict")
    entries = await holds(house, customer.conversation)
    assert events(entries) == ["opened", "asked", "offer", "offer_timeout", "offer", "decline", "offer", "accept"]
    seen = [e["body"]["text"] for e in await told.reach(customer.conversation, entries[-1].seq) if e["kind"] == "state"
            and e["body"].get("text")]  # fmt: skip
    assert len(seen) == 2, "to the customer it is one wait: connecting, and then joined"


async def _passed(house, conversation, epoch):
    return (await head_of(house, conversation)).epoch > epoch


async def test_whoever_is_served_or_leaves_cancels_what_was_on_its_way(own_house):
    """Cancel on takeover: an offer that is out, the apology for a long wait, and the promise all lose their object."""
    clock = FakeClock()
    house = await own_house(clock=clock, long_wait_s=300.0, queue_check_s=30.0, **AGES)
    await configure(house, queues=[queue("offer")])
    lin = await house.agent("lin")
    at_lin = await lin.socket()
    customer, handoff = await house.waiting()
    await at_lin.until(lambda f: f["t"] == "desk" and f["offers"])
    seen = len(at_lin.frames)
    accepted(await customer.post(customer.path("solved"), {"op_id": fresh()}))
    await at_lin.until(lambda f: f["t"] == "desk" and not f["offers"], since=seen)
    refused(await lin.accept(handoff), 409, "conflict")
    clock.advance(31)
    await asyncio.sleep(0.2)
    entries = await holds(house, customer.conversation)
    assert events(entries)[-1] == "solved", "the deadline of the offer went with it"

    await configure(house, queues=[queue()])
    second, _ = await served(house, lin)
    third, _ = await house.waiting()
    for _ in range(14):
        clock.advance(31)
        await asyncio.sleep(0.06)
    apologies = [
        t for t in said(await holds(house, third.conversation), "system") if t.startswith("Sorry for the wait")
    ]
    assert len(apologies) == 1, "once, however long it takes"
    assert said(await holds(house, second.conversation), "system") == [], "who is served waits for nobody"
