"""Fault: "position / ETA updates, leave queue, leave message, reload"."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa

from handoff_service import tables
from tests.handoff_service.stage import FakeClock
from tests.handoff_service.web.serving import on_both
from tests.handoff_service.web.torture.rules import AGES, events, head_of, holds, owned_by, served
from tests.handoff_service.web.visitors import accepted, fresh, refused


def status_of(customer):
    def wanted(**parts):
        return lambda f: f["t"] == "status" and f["conv"] == customer.conversation and all(
            f[key] == value for key, value in parts.items()
        )  # fmt: skip

    return wanted


async def reloaded(customer):
    """The page is loaded again: the old socket dies, everything is read from the start."""
    for socket in customer.sockets:
        socket.connection.transport.abort()
    return await customer.socket()


@on_both
async def test_places_move_up_for_every_way_in_which_somebody_ahead_goes(own_house):
    """Ahead of the last one: one is served, one leaves the queue, one leaves a message, one is offered elsewhere."""
    house = await own_house()
    lin, maya = await house.agent("lin"), await house.agent("maya")
    await lin.socket()
    await maya.socket()
    line = [await house.waiting() for _ in range(5)]
    customers = [one for one, _ in line]
    last = customers[-1]
    socket = await last.socket()
    await socket.until(status_of(last)(place=5))
    accepted(await lin.accept(line[0][1]))
    await socket.until(status_of(last)(place=4))
    accepted(await customers[1].post(customers[1].path("solved"), {"op_id": fresh()}))
    await socket.until(status_of(last)(place=3))
    socket = await reloaded(last)
    first = await socket.until(lambda f: f["t"] == "status")
    assert first["place"] == 3, "a reload tells the present place at once"
    left = {"op_id": fresh(), "text": "call me", "reply_to": "ann@example.org"}
    accepted(await customers[2].post(customers[2].path("leave-message"), left))
    await socket.until(status_of(last)(place=2))
    epoch = accepted(await maya.accept(line[3][1]))["epoch"]
    await socket.until(status_of(last)(place=1))
    accepted(await maya.do(customers[3].conversation, "transfer", epoch=epoch, to_queue="support"))
    await socket.until(status_of(last)(place=2), since=len(socket.frames) - 1)
    await _kinds(house, customers, ["agent", "bot", "mailbox", "queue", "queue"])


async def _kinds(house, customers, wanted):
    assert [(await head_of(house, one.conversation)).owner.kind for one in customers] == wanted
    for one in customers:
        await holds(house, one.conversation)


async def test_the_expected_wait_grows_with_silence_and_is_never_nonsense(own_house):
    clock = FakeClock()
    house = await own_house(clock=clock, **{**AGES, "sweep_s": 5.0}, queue_check_s=86400.0)
    lin = await house.agent("lin", capacity=20)
    await lin.socket()
    first, _ = await house.waiting()
    socket = await first.socket()
    assert (await socket.until(status_of(first)(place=1)))["wait_s"] is None, "nobody has been served yet"
    for _ in range(5):
        clock.advance(60)
        await served(house, lin)
    waits = []
    for _ in range(4):
        clock.advance(120)
        waits.append((await (await reloaded(first)).until(status_of(first)(place=1)))["wait_s"])
    assert waits == sorted(waits)
    assert all(isinstance(one, int) and 1 <= one <= 3600 for one in waits), waits
    clock.advance(2 * 3600)
    later = await (await reloaded(first)).until(status_of(first)(place=1))
    assert later["wait_s"] is None, "what happened two hours ago says nothing"
    await holds(house, first.conversation)


@on_both
async def test_leaving_asking_and_being_taken_at_the_same_moment_ends_in_one_place(own_house):
    """Many rounds of: the customer leaves the queue, leaves a message or asks again while an agent claims."""
    house = await own_house(handoffs_per_hour=100)
    lin = await house.agent("lin", capacity=50)
    await lin.socket()
    for verb in ("solved", "leave-message", "ask-human", "solved", "leave-message"):
        customer, handoff = await house.waiting()
        body = {"op_id": fresh(), **({"text": "call me"} if verb == "leave-message" else {})}
        claim, left, said, again = await asyncio.gather(
            lin.accept(handoff),
            customer.post(customer.path(verb), body),
            customer.post("/v1/conversations/current/messages", {"client_id": fresh("msg"), "body": {"text": "oh"}}),
            customer.post(customer.path(verb), body),
        )
        assert {claim.status_code, left.status_code} <= {200, 409}
        accepted(said)
        assert (left.status_code, left.text) == (again.status_code, again.text) or left.status_code == 409
        entries = await holds(house, customer.conversation)
        head = await head_of(house, customer.conversation)
        if claim.status_code == 200 and head.owner.kind != "agent":
            raise AssertionError(f"told to have it, and it is the {head.owner.kind}'s: {events(entries)}")
        if claim.status_code == 409:
            assert head.owner.kind in ("bot", "mailbox")
        await customer.socket()  # a reload in the middle of it all shows the same
        status = await customer.sockets[-1].until(lambda f: f["t"] == "status")
        assert status["owner"]["kind"] == head.owner.kind


async def test_a_left_message_survives_reload_second_thoughts_and_an_agent_who_answers_it(own_house):
    """From the queue to the mailbox, once more with another address, and then a person comes after all."""
    house = await own_house()
    lin = await house.agent("lin")
    await lin.socket()
    customer, handoff = await house.waiting()
    left = {"op_id": fresh(), "text": "call me", "reply_to": "ann@example.org"}
    assert accepted(await customer.post(customer.path("leave-message"), left))["owner"] == "mailbox"
    await reloaded(customer)
    assert accepted(await customer.post(customer.path("leave-message"), left))["owner"] == "mailbox", "sent twice"
    more = {"op_id": fresh(), "text": "better by phone", "reply_to": "+86 138 0000 0000"}
    accepted(await customer.post(customer.path("leave-message"), more))
    refused(await customer.post(customer.path("solved"), {"op_id": fresh()}), 409, "illegal_transition")
    T = tables.tickets
    query = sa.select(T.c.reply_to, T.c.state).where(T.c.conversation == customer.conversation)
    found = await house.database.read(lambda c: [tuple(row) for row in c.execute(query)])
    assert len(found) == 1, "one ticket for one wish"
    assert "+86 138 0000 0000" in found[0][0]
    epoch = accepted(await lin.accept(handoff))["epoch"]
    accepted(await lin.reply(customer.conversation, "here I am", epoch))
    accepted(await lin.do(customer.conversation, "close", epoch=epoch, wrap_up="follow_up"))
    assert accepted(await lin.get("/v1/tickets"))["tickets"] == []
    entries = await holds(house, customer.conversation)
    assert events(entries) == ["opened", "asked", "leave_message", "claim", "close"]
    await owned_by(house, customer.conversation, "closed")
