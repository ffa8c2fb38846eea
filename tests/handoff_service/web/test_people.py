"""Calls that a desk confirms, choices over the socket, presence with reasons, signing off: over the real wire."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handoff_service.agents.model import Role
from handoff_service.calls import store as calls
from handoff_service.clock import iso, utc_now
from tests.handoff_service.web.visitors import accepted, fresh, refused


async def test_a_desk_that_shows_a_handoff_says_so(house):
    lin, maya = await house.agent("lin"), await house.agent("maya", queues=("senior",))
    desk, other = await lin.socket(), await maya.socket()
    _, handoff = await house.waiting()
    frame = await desk.until(lambda f: f["t"] == "desk" and f["waiting"])
    call = frame["waiting"][0]["handoff"]["call"]
    assert (call["n"], call["rung"], call["shown"]) == (1, "queued", False)
    await other.say(t="shown", calls=[{"handoff": handoff, "n": 1}])
    await other.pong()
    await desk.say(t="shown", calls=[{"handoff": handoff, "n": 1}])
    await desk.pong()
    (made,) = await house.database.read(lambda c: calls.of_handoff(c, house.tenant.id, handoff))
    assert made.shown_to == lin.id, "only whom it calls confirms it"
    receipt = accepted(await lin.get(f"/v1/handoffs/{handoff}"))
    assert [(one["rung"], one["shown_to"]) for one in receipt["calls"]] == [("queued", "Lin")]
    assert receipt["standing"]["next"] in ("call_supervisor", "look_again")
    for frame in ({"t": "shown"}, {"t": "shown", "calls": [{"handoff": 1}]}, {"t": "shown", "calls": "x"}):
        seen = len(desk.frames)
        await desk.say(**frame)
        await desk.until(lambda f: f["t"] == "err" and f["code"] == "invalid", since=seen)


@pytest.mark.parametrize(
    ("verb", "parts", "owner"),
    [
        ("leave-queue", {}, "bot"),
        ("solved", {}, "bot"),
        ("leave-message", {"text": "please write to me"}, "mailbox"),
        ("callback", {"number": "+86 138 0013 8000"}, "mailbox"),
        ("ask-senior", {"reason": "a refund"}, "queue"),
    ],
)
async def test_a_waiting_customer_chooses_over_his_socket_as_over_http(house, verb, parts, owner):
    await (await house.agent("lin")).socket()
    for way in ("http", "socket"):
        customer, _ = await house.waiting()
        socket = await customer.socket()
        status = await socket.until(lambda f: f["t"] == "status" and f["place"] is not None)
        assert verb in status["choices"]
        asked = {"op_id": fresh(), **parts}
        if way == "http":
            told = accepted(await customer.post(customer.path(verb), asked))
        else:
            for _ in range(2):  # the same op_id again is the same effect
                await socket.say(t="choose", conv=customer.conversation, verb=verb, **asked)
            done = await socket.until(lambda f, o=asked["op_id"]: f.get("op_id") == o)
            told = {name: done[name] for name in ("owner", "epoch")}
            assert (done["t"], done["verb"], done["conv"]) == ("done", verb, customer.conversation)
        assert told["owner"] == owner
        await socket.until(lambda f, e=told["epoch"]: f["t"] == "status" and f["epoch"] == e)


async def test_what_nobody_may_choose_is_told_with_its_op_id(house):
    lin = await house.agent("lin")
    desk = await lin.socket()
    customer, _ = await house.waiting()
    socket = await customer.socket()
    stranger = await (await house.customer()).socket()
    for who, frame, code in [
        (socket, {"verb": "dance"}, "invalid"),
        (socket, {"verb": "callback", "number": "none"}, "invalid"),
        (socket, {"verb": "callback"}, "invalid"),
        (stranger, {"verb": "leave-queue"}, "not_found"),
        (desk, {"verb": "leave-queue"}, "invalid"),
    ]:
        op_id = fresh()
        await who.say(t="choose", conv=customer.conversation, op_id=op_id, **frame)
        told = await who.until(lambda f, o=op_id: f.get("op_id") == o)
        assert (told["t"], told["code"]) == ("err", code)


async def test_presence_has_reasons_that_colleagues_see(house):
    lin, maya = await house.agent("lin"), await house.agent("maya")
    desk = await maya.socket()
    await lin.socket()
    accepted(await lin.post("/v1/agents/me/presence", {"status": "busy", "reason": "training"}))

    def lins(frame):
        return next((one for one in frame.get("agents", []) if one["id"] == lin.id), {})

    await desk.until(lambda f: f["t"] == "desk" and (lins(f)["status"], lins(f)["reason"]) == ("busy", "training"))
    refused(await lin.post("/v1/agents/me/presence", {"status": "online", "reason": "x"}), 422, "invalid")
    refused(await lin.post("/v1/agents/me/presence", {"status": "asleep"}), 422, "invalid")
    refused(await lin.post("/v1/agents/me/presence", {"status": "away", "reason": "x" * 81}), 422, "invalid")
    accepted(await lin.post("/v1/agents/me/presence", {"status": "online"}))
    assert accepted(await lin.get("/v1/agents/me"))["agent"]["reason"] == ""


async def test_nobody_goes_offline_or_out_without_saying_what_becomes_of_his_conversations(house):
    lin = await house.agent("lin")
    await lin.socket()
    customer, handoff = await house.waiting()
    accepted(await lin.accept(handoff))
    go = ("/v1/agents/me/presence", {"status": "offline"}), ("/v1/agents/sign-out", {})
    for path, body in go:
        error = refused(await lin.post(path, body), 409, "open_conversations")
        assert (error["conversations"], error["choices"]) == ([customer.conversation], ["requeue", "transfer", "keep"])
    assert accepted(await lin.get("/v1/agents/me"))["agent"]["status"] == "online", "and he is still signed in"
    for path, body in go:
        refused(await lin.post(path, {**body, "conversations": "keep"}), 422, "invalid")
    refused(await lin.post(go[0][0], {"status": "away", "conversations": "requeue"}), 422, "invalid")
    accepted(await lin.post(go[0][0], {"status": "offline", "conversations": "requeue"}))
    states = [entry["body"]["event"] for entry in await customer.timeline() if entry["kind"] == "state"]
    assert "transfer" in states, "the customer waits again"
    accepted(await lin.post(go[0][0], {"status": "online"}))
    again, handoff = await house.waiting()
    accepted(await lin.accept(handoff))
    accepted(await lin.post(go[1][0], {"conversations": "requeue"}))
    refused(await lin.get("/v1/agents/me"), 401, "unauthorized")
    assert "transfer" in [entry["body"]["event"] for entry in await again.timeline() if entry["kind"] == "state"]


async def test_signing_off_asks_what_becomes_of_open_conversations(house):
    lin, maya = await house.agent("lin"), await house.agent("maya")
    await lin.socket()
    await maya.socket()
    customer, handoff = await house.waiting()
    accepted(await lin.accept(handoff))

    async def leave(**wish):
        return await lin.post("/v1/agents/me/sign-off", {"op_id": fresh(), **wish})

    error = refused(await leave(), 409, "open_conversations")
    assert error["conversations"] == [customer.conversation]
    for wish in (
        {"conversations": "drop"},
        {"conversations": "transfer"},
        {"conversations": "keep"},
        {"conversations": "keep", "back_at": "soon"},
        {"conversations": "keep", "back_at": "2026-11-02T09:00:00"},
        {"conversations": "requeue", "to_agent": maya.id},
    ):
        refused(await leave(**wish), 422, "invalid")
    refused(await leave(conversations="transfer", to_agent="a_nobody"), 404, "not_found")
    back = iso(utc_now() + timedelta(hours=1))
    told = accepted(await leave(conversations="keep", back_at=back, reason="doctor"))
    assert told == {"status": "offline", "moved": 0, "back_at": back}
    accepted(await lin.post("/v1/agents/sign-out"))
    accepted(await lin.sign_in())
    assert (await lin.look(customer.conversation))["card"]["owner"]["agent"]["id"] == lin.id
    assert accepted(await lin.get("/v1/agents/me"))["agent"]["back_at"] is None, "he is back"
    told = accepted(await leave(conversations="transfer", to_agent=maya.id))
    assert told["moved"] == 1


async def test_a_supervisor_joins_whispers_and_the_agent_takes_it_back(house):
    lin, chen = await house.agent("lin"), await house.agent("chen", role=Role.SUPERVISOR)
    await lin.socket()
    customer, handoff = await house.waiting()
    epoch = accepted(await lin.accept(handoff))["epoch"]
    whisper = {"client_id": fresh("msg"), "body": {"text": "be kind", "whisper": lin.id}, "audience": "internal"}
    accepted(await chen.post(f"/v1/conversations/{customer.conversation}/messages", whisper))
    mentions = accepted(await lin.get("/v1/mentions"))["mentions"]
    assert [one["by"]["name"] for one in mentions] == ["Chen"]
    accepted(await lin.post("/v1/mentions/seen", {"op_id": fresh(), "conversation": customer.conversation}))
    assert accepted(await lin.get("/v1/mentions"))["mentions"][0]["seen_at"] is not None
    assert len(accepted(await chen.get("/v1/mentions", box="by_me"))["mentions"]) == 1
    joined = accepted(await chen.do(customer.conversation, "join", epoch=epoch))
    refused(await lin.reply(customer.conversation, "I am here too", epoch), 409, "fenced")
    back = accepted(await lin.do(customer.conversation, "take-over", epoch=joined["epoch"]))
    accepted(await lin.reply(customer.conversation, "I go on", back["epoch"]))
    told = accepted(await customer.get(customer.path("receipt")))
    assert "Lin is with you" in told["next"]["text"]
    assert "be kind" not in customer.heard + str(await customer.timeline())
