"""What desks and waiting customers are told without asking: snapshots of the desk, places in the queue, who speaks."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents.model import Role
from tests.handoff_service.web.serving import on_both
from tests.handoff_service.web.visitors import accepted, fresh, refused

SOON_S = 15.0


def names(cards):
    return [card["conversation"] for card in cards]


async def desk_where(socket, wanted, *, within=SOON_S, since=0):
    """The first snapshot that `wanted` accepts; polling, which heals lost bells, takes twice as long."""
    return await socket.until(lambda frame: frame["t"] == "desk" and wanted(frame), within=within, since=since)


def status_where(socket, **wanted):
    def matches(frame):
        return frame["t"] == "status" and all(frame[key] == value for key, value in wanted.items())

    return socket.until(matches, within=SOON_S)


@on_both
async def test_the_desk_shows_every_change_of_a_conversation(house):
    lin, maya, chen = (
        await house.agent("lin"),
        await house.agent("maya"),
        await house.agent("chen", role=Role.SUPERVISOR),
    )
    sockets = {desk.id: await desk.socket() for desk in (lin, maya, chen)}
    first = await desk_where(sockets[lin.id], lambda _: True)
    assert set(first) == {
        "t",
        "waiting",
        "offers",
        "mine",
        "others",
        "mailbox",
        "agents",
        "promises",
        "mentions",
        "tickets",
    }
    at_lin, at_maya, at_chen = sockets[lin.id], sockets[maya.id], sockets[chen.id]

    customer, handoff = await house.waiting("where is my parcel?")
    conversation = customer.conversation
    waiting = await desk_where(at_lin, lambda frame: names(frame["waiting"]) == [conversation])
    card = waiting["waiting"][0]
    assert card["owner"] == {"kind": "queue", "agent": None, "queue": "support"}
    assert card["handoff"]["id"] == handoff
    assert (card["handoff"]["reason"], card["handoff"]["priority"], card["handoff"]["place"]) == ("asked", 3, 1)
    assert card["contact"]["id"] == customer.contact
    assert card["unread"] == card["last_seq"]

    accepted(await lin.accept(handoff))
    mine = await desk_where(at_lin, lambda frame: names(frame["mine"]) == [conversation])
    assert mine["waiting"] == []
    assert [agent["open"] for agent in mine["agents"] if agent["id"] == lin.id] == [1]
    other = await desk_where(at_maya, lambda frame: names(frame["others"]) == [conversation])
    assert other["others"][0]["owner"]["agent"] == {"id": lin.id, "name": "Lin"}
    assert other["mine"] == []

    sent = await customer.write("hello, are you there?")
    said = await desk_where(at_lin, lambda frame: frame["mine"] and frame["mine"][0]["last_seq"] == sent["seq"])
    assert said["mine"][0]["preview"] == "hello, are you there?"
    assert said["mine"][0]["unread"] == sent["seq"]

    epoch, spoken, shown = mine["mine"][0]["epoch"], len(at_maya.frames), len(at_chen.frames)
    accepted(await lin.do(conversation, "give-back", epoch=epoch))
    await desk_where(at_maya, lambda frame: not frame["others"] and not frame["waiting"], since=spoken)
    # Supervisors also see what the bot holds.
    await desk_where(at_chen, lambda frame: [card["owner"]["kind"] for card in frame["others"]] == ["bot"], since=shown)


@on_both
async def test_the_desk_shows_who_comes_and_goes(house):
    lin, maya = await house.agent("lin"), await house.agent("maya")
    at_lin = await lin.socket()

    def status(frame, desk=maya):
        return next(agent["status"] for agent in frame["agents"] if agent["id"] == desk.id)

    first = await desk_where(at_lin, lambda _: True)
    assert status(first) == "offline", "signed in, but no desk is connected"
    at_maya = await maya.socket()
    await desk_where(at_lin, lambda frame: status(frame) == "online")
    accepted(await maya.post("/v1/agents/me/presence", {"status": "away"}))
    await desk_where(at_lin, lambda frame: status(frame) == "away")
    second = await maya.socket()
    await at_maya.leave()
    accepted(await maya.post("/v1/agents/me/presence", {"status": "online"}))
    await desk_where(at_lin, lambda frame: status(frame) == "online", since=len(at_lin.frames))
    seen = len(at_lin.frames)
    await second.leave()
    await desk_where(at_lin, lambda frame: status(frame) == "offline", since=seen)


@on_both
async def test_waiting_customers_hear_their_place_whenever_the_queue_moves(house):
    lin = await house.agent("lin")
    await lin.socket()
    queue = []
    for _ in range(3):
        customer, handoff = await house.waiting()
        queue.append((customer, await customer.socket((customer.conversation, 0)), handoff))
    for place, (_, socket, _) in enumerate(queue, 1):
        status = await status_where(socket, place=place)
        assert status["owner"]["kind"] == "queue"
        assert status["wait_s"] is None, "nothing is promised from too few samples"
        assert status["rate"] is False
    accepted(await lin.accept(queue[0][2]))
    assert (await status_where(queue[0][1], place=None))["owner"]["agent"]["name"] == "Lin"
    for place, (_, socket, _) in enumerate(queue[1:], 1):
        await status_where(socket, place=place)
    accepted(await queue[1][0].post(queue[1][0].path("solved"), {"op_id": fresh()}))
    last = queue[2][1]
    seen = [frame["place"] for frame in last.frames if frame["t"] == "status"]
    if seen[-1] != 1:
        await status_where(last, place=1)
    seen = [frame["place"] for frame in last.frames if frame["t"] == "status"]
    assert seen == [3, 2, 1]


async def test_a_place_is_heard_although_an_older_conversation_is_followed_too(open_gateway, build_house):
    house = await build_house(open_gateway(reopen_s=0.0))
    lin = await house.agent("lin")
    await lin.socket()
    ahead, first = await house.waiting()
    customer, handoff = await house.waiting()
    old = customer.conversation
    epoch = accepted(await lin.accept(handoff))["epoch"]
    accepted(await lin.do(old, "close", epoch=epoch, wrap_up="solved"))
    await asyncio.sleep(0.01)
    await customer.write("a new question")
    assert customer.conversation != old
    await customer.answered()
    await customer.ask_human()
    for subs in ([old, customer.conversation], [customer.conversation, old]):
        socket = await customer.socket(*((conversation, 0) for conversation in subs))
        await status_where(socket, conv=customer.conversation, place=2)
        await status_where(socket, conv=old, place=None)
        await socket.pong()
    sockets = [one for one in customer.sockets if one.code is None]
    accepted(await lin.accept(first))
    for socket in sockets:
        await status_where(socket, conv=customer.conversation, place=1)
    assert ahead.conversation != customer.conversation


async def test_the_expected_wait_appears_with_enough_samples(house):
    lin = await house.agent("lin", capacity=20)
    await lin.socket()
    for _ in range(5):
        _, handoff = await house.waiting()
        accepted(await lin.accept(handoff))
    customer, _ = await house.waiting()
    socket = await customer.socket()
    status = await status_where(socket, place=1)
    assert isinstance(status["wait_s"], int)
    assert 1 <= status["wait_s"] < 60


async def test_status_tells_who_speaks_from_the_first_question_to_the_rating(house):
    lin = await house.agent("lin")
    await lin.socket()
    customer = await house.customer()
    socket = await customer.socket()
    await customer.write("hello")
    assert (await status_where(socket, conv=customer.conversation))["owner"]["kind"] == "bot"
    await customer.answered()
    await customer.ask_human()
    await status_where(socket, place=1)
    epoch = accepted(await lin.accept(await house.handoff_of(customer)))["epoch"]
    served = await status_where(socket, epoch=epoch)
    assert served["owner"]["kind"] == "agent"
    accepted(await lin.do(customer.conversation, "close", epoch=epoch, wrap_up="solved"))
    closed = await status_where(socket, rate=True)
    assert closed["owner"]["kind"] == "closed"
    accepted(await customer.post(customer.path("rating"), {"op_id": fresh(), "score": 5}))
    async with asyncio.timeout(SOON_S):
        while [frame["rate"] for frame in socket.frames if frame["t"] == "status"][-1]:
            await asyncio.sleep(0.02)


async def test_snapshots_are_bundled_when_much_happens_at_once(house):
    lin = await house.agent("lin", capacity=50)
    socket = await lin.socket()
    await desk_where(socket, lambda _: True)
    before = len(socket.frames)
    await asyncio.gather(*(house.waiting() for _ in range(12)))
    await desk_where(socket, lambda frame: len(frame["waiting"]) == 12, within=SOON_S)
    seen = [frame for frame in socket.frames[before:] if frame["t"] == "desk"]
    assert len(seen) < 36, "one snapshot for each change would be at least three for each customer"
    places = [card["handoff"]["place"] for card in seen[-1]["waiting"]]
    assert places == list(range(1, 13))


async def test_an_offer_reaches_the_agent_with_its_deadline_and_its_decline_the_queue(house):
    lin = await house.agent("lin")
    socket = await lin.socket()
    customer, handoff = await house.waiting()
    epoch = accepted(await lin.accept(handoff))["epoch"]
    accepted(await lin.do(customer.conversation, "transfer", epoch=epoch, to_queue="senior"))
    offered = await desk_where(socket, lambda frame: names(frame["offers"]) == [customer.conversation], within=SOON_S)
    card = offered["offers"][0]
    assert card["offer"]["agent"] == lin.id
    assert card["offer"]["deadline"] > card["updated_at"]
    waiting = await customer.socket((customer.conversation, 0))
    status = await waiting.until(lambda frame: frame["t"] == "status")
    assert status["place"] == 1, "an offer that is out keeps its place"
    accepted(await lin.post(f"/v1/handoffs/{handoff}/decline", {"op_id": fresh()}))
    timeline = await lin.timeline(customer.conversation)
    events = [entry["body"]["event"] for entry in timeline if entry["kind"] == "state"]
    assert events[-3:] == ["transfer", "offer", "decline"] or events[-4:-1] == ["transfer", "offer", "decline"]
    error = refused(await lin.post(f"/v1/handoffs/{handoff}/decline", {"op_id": fresh()}), 409, "conflict")
    assert error["conversation"] == customer.conversation or events[-1] == "offer"


async def test_a_disabled_agent_loses_his_socket_and_his_voice(house):
    lin = await house.agent("lin")
    socket = await lin.socket()
    customer, handoff = await house.waiting()
    epoch = accepted(await lin.accept(handoff))["epoch"]
    await socket.say(t="send", conv=customer.conversation, client_id="still-here", body={"text": "hi"}, epoch=epoch)
    assert (await socket.sent("still-here"))["t"] == "sent"

    def disable(tx):
        tx.connection.execute(
            sa.update(tables.agents)
            .where(tables.agents.c.id == lin.id, tables.agents.c.tenant == house.tenant.id)
            .values(disabled=True)
        )

    await house.database.write(disable)
    await socket.say(t="send", conv=customer.conversation, client_id="not-again", body={"text": "ho"}, epoch=epoch)
    assert await socket.closed(within=timedelta(seconds=5).total_seconds()) == 4401
    timeline = await customer.timeline()
    assert "not-again" not in str(timeline)
    assert not [entry for entry in timeline if entry.get("body", {}).get("text") == "ho"]
    refused(await lin.get("/v1/agents/me"), 401, "unauthorized")
    refused(await lin.post("/v1/ws-ticket"), 401, "unauthorized")
    refused(await lin.sign_in(), 401, "unauthorized")


async def test_who_may_only_read_any_more_loses_his_customers_but_not_his_socket(house):
    """F-65: a changed role holds from now on; the customer goes to the front of the queue, and the socket stays."""
    lin = await house.agent("lin")
    socket = await lin.socket()
    customer, handoff = await house.waiting()
    epoch = accepted(await lin.accept(handoff))["epoch"]

    def demote(tx):
        mine = (tables.agents.c.id == lin.id, tables.agents.c.tenant == house.tenant.id)
        tx.connection.execute(sa.update(tables.agents).where(*mine).values(role="trainer"))

    await house.database.write(demote)
    waiting = await customer.socket((customer.conversation, 0))
    await waiting.until(lambda frame: frame["t"] == "status" and frame["owner"]["kind"] != "agent", within=SOON_S)
    lost = [entry["body"]["event"] for entry in await customer.timeline() if entry["kind"] == "state"]
    assert "agent_lost" in lost
    await socket.say(t="send", conv=customer.conversation, client_id="no-voice", body={"text": "ho"}, epoch=epoch)
    assert (await socket.until(lambda frame: frame.get("client_id") == "no-voice"))["t"] == "err"


async def test_a_desk_that_says_nothing_is_closed_too_once_its_agent_is_disabled(house):
    lin = await house.agent("lin")
    socket = await lin.socket()

    def disable(tx):
        tx.connection.execute(
            sa.update(tables.agents)
            .where(tables.agents.c.id == lin.id, tables.agents.c.tenant == house.tenant.id)
            .values(disabled=True)
        )

    await house.database.write(disable)
    assert await socket.closed(within=5.5) == 4401
