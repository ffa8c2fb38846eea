"""Two gateways on one PostgreSQL are one: any client on any of them, by NOTIFY and by Valkey."""

from __future__ import annotations

import asyncio

from tests.handoff_service.web.visitors import accepted, fresh
from tests.many_machines.replicas import WITHIN_S, Town, eventually, gapless


async def test_what_is_said_on_one_replica_is_seen_on_the_other(here: Town) -> None:
    customer = await here.customer(0)
    sent = await customer.write("first")
    twin = await here.moved(customer, to=1)
    socket = await twin.socket((sent["conversation"], 0))
    await socket.reach(customer.conversation, sent["seq"])
    for number in range(5):
        sent = await customer.write(f"number {number}")
        await socket.reach(customer.conversation, sent["seq"], within=WITHIN_S)
    await socket.entry(  # one turn may answer several messages
        lambda entry: entry["author"]["kind"] == "bot" and "number 4" in entry["body"]["text"], within=WITHIN_S
    )


async def test_a_customer_on_one_and_his_agent_on_the_other(here: Town) -> None:
    lin = await here.agent("lin", 1)
    desk = await lin.socket()
    customer, handoff = await here.waiting(0)
    await desk.until(
        lambda f: f["t"] == "desk" and any(card["conversation"] == customer.conversation for card in f["waiting"]),
        within=WITHIN_S,
    )
    socket = await customer.socket((customer.conversation, 0))
    epoch = accepted(await lin.accept(handoff))["epoch"]
    accepted(await lin.reply(customer.conversation, "I am Lin", epoch))
    await socket.entry(lambda entry: entry.get("body", {}).get("text") == "I am Lin", within=WITHIN_S)
    await desk.say(t="sub", conv=customer.conversation, after=0)
    await customer.write("thank you")
    await desk.entry(lambda entry: entry.get("body", {}).get("text") == "thank you", within=WITHIN_S)
    gapless(await here.entries(customer.conversation))


async def test_typing_crosses_and_does_not_come_back_twice(here: Town) -> None:
    customer = await here.customer(0)
    await customer.write("hello")
    await customer.answered(within=WITHIN_S)
    far = await (await here.moved(customer, to=1)).socket((customer.conversation, 0))
    near = await (await here.moved(customer, to=0)).socket((customer.conversation, 0))
    mine = await customer.socket((customer.conversation, 0))
    await asyncio.gather(far.pong(), near.pong(), mine.pong())

    async def arrived() -> bool:  # a hint may be lost, so it is given again
        await mine.say(t="typing", conv=customer.conversation)
        await asyncio.sleep(0.3)
        return any(frame["t"] == "typing" for frame in far.frames)

    await eventually(arrived, "typing seen on the other replica")
    await mine.pong()
    said = sum(frame["t"] == "typing" for frame in near.frames)
    assert not any(frame["t"] == "typing" for frame in mine.frames), "nobody is told that he types himself"
    await mine.say(t="typing", conv=customer.conversation)
    await eventually(
        lambda: _true(sum(frame["t"] == "typing" for frame in near.frames) > said), "typing seen on the same replica"
    )
    await asyncio.sleep(0.5)  # time for an echo
    assert sum(frame["t"] == "typing" for frame in near.frames) == said + 1


async def _true(value: bool) -> bool:
    return value


async def test_the_same_message_sent_to_both_is_stored_once(here: Town) -> None:
    """A client that lost its connection before the answer sends again, to whichever replica it reaches."""
    customer = await here.customer(0)
    await customer.write("hello")
    await customer.answered(within=WITHIN_S)
    twin = await here.moved(customer, to=1)
    for _ in range(10):
        client_id = fresh("msg")
        told = await asyncio.gather(
            *(one.write("again", client_id=client_id) for one in (customer, twin, customer, twin))
        )
        assert len({(one["seq"], one["mid"]) for one in told}) == 1
    gapless(await here.entries(customer.conversation))


async def test_ten_first_messages_on_both_replicas_are_one_conversation(here: Town) -> None:
    customer = await here.customer(0)
    twin = await here.moved(customer, to=1)
    sent = await asyncio.gather(*(one.write(f"photo {n}") for n in range(5) for one in (customer, twin)))
    assert len({one["conversation"] for one in sent}) == 1
    assert len({one["seq"] for one in sent}) == 10


async def test_a_signed_out_agent_is_signed_out_everywhere(here: Town) -> None:
    lin = await here.agent("lin", 0)
    other = await here.agent("maya", 1)
    other.http.cookies = lin.http.cookies
    assert accepted(await other.get("/v1/agents/me"))["agent"]["id"] == lin.id
    await lin.post("/v1/agents/sign-out")
    assert (await other.get("/v1/agents/me")).status_code == 401
