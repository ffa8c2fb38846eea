"""What agents do with conversations, over HTTP, each under the epoch that he saw."""

from __future__ import annotations

import asyncio

import pytest

from handoff_service.agents.model import Role
from tests.handoff_service.web.serving import on_both
from tests.handoff_service.web.visitors import accepted, fresh, refused


async def on_duty(house, name="lin", **changes):
    """An agent with an open desk."""
    desk = await house.agent(name, **changes)
    await desk.socket()
    return desk


async def owned(house, desk):
    """A conversation that this agent owns, and its epoch."""
    customer, handoff = await house.waiting()
    return customer, handoff, accepted(await desk.accept(handoff))["epoch"]


def events(timeline):
    return [entry["body"]["event"] for entry in timeline if entry["kind"] == "state"]


@on_both
async def test_of_two_who_accept_at_once_one_wins_and_the_other_is_told_who(house):
    lin, maya = await on_duty(house, "lin"), await on_duty(house, "maya")
    for _ in range(4):
        customer, handoff = await house.waiting()
        answers = await asyncio.gather(lin.accept(handoff), maya.accept(handoff))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        winner, loser = (lin, maya) if answers[0].status_code == 200 else (maya, lin)
        won = accepted(answers[0] if winner is lin else answers[1])
        error = refused(answers[1] if winner is lin else answers[0], 409, "already_taken")
        assert error["holder"] == {"id": winner.id, "name": winner.id.removeprefix("a_").title()}
        assert won == {"conversation": customer.conversation, "epoch": 3, "owner": "agent"}
        refused(await loser.reply(customer.conversation, "me too", won["epoch"]), 409, "fenced")
        assert events(await customer.timeline()) == ["opened", "asked", "claim"]
        accepted(await winner.do(customer.conversation, "close", epoch=won["epoch"], wrap_up="solved"))


@on_both
async def test_a_repeated_command_returns_the_recorded_result(house):
    lin = await on_duty(house)
    customer, handoff = await house.waiting()
    command = {"op_id": fresh()}
    first = accepted(await lin.post(f"/v1/handoffs/{handoff}/accept", command))
    assert accepted(await lin.post(f"/v1/handoffs/{handoff}/accept", command)) == first
    path, close = f"/v1/conversations/{customer.conversation}/close", {"op_id": fresh(), "epoch": first["epoch"]}
    done = accepted(await lin.post(path, {**close, "wrap_up": "solved"}))
    assert accepted(await lin.post(path, {**close, "wrap_up": "solved"})) == done
    refused(await lin.post(path, {**close, "wrap_up": "spam"}), 409, "mismatch")
    refused(await lin.post(f"/v1/handoffs/{handoff}/decline", command), 409, "mismatch")


@on_both
async def test_the_winner_of_a_claim_is_answered_the_same_after_he_passed_it_on(house):
    """The look that refuses who comes too late knows a repeat of the command that won."""
    lin, maya = await on_duty(house, "lin"), await on_duty(house, "maya")
    customer, handoff = await house.waiting()
    command = {"op_id": fresh()}
    first = accepted(await lin.post(f"/v1/handoffs/{handoff}/accept", command))
    accepted(await lin.do(customer.conversation, "transfer", epoch=first["epoch"], to_agent=maya.id))
    assert accepted(await lin.post(f"/v1/handoffs/{handoff}/accept", command)) == first
    assert refused(await lin.accept(handoff), 409, "already_taken")["holder"]["id"] == maya.id
    accepted(await maya.accept(handoff))


async def test_a_full_agent_accepts_no_more(house):
    lin = await on_duty(house, capacity=1)
    customer, _, epoch = await owned(house, lin)
    _, second = await house.waiting()
    error = refused(await lin.accept(second), 409, "capacity_full")
    assert "1 of 1" in error["message"]
    accepted(await lin.do(customer.conversation, "close", epoch=epoch, wrap_up="solved"))
    accepted(await lin.accept(second))


async def test_a_reply_needs_ownership_and_a_note_does_not(house):
    lin, maya = await on_duty(house, "lin"), await on_duty(house, "maya")
    customer, _, epoch = await owned(house, lin)
    conversation = customer.conversation
    accepted(await lin.reply(conversation, "Hello from Lin", epoch))
    error = refused(await maya.reply(conversation, "and from me", epoch), 409, "fenced")
    assert (error["owner"]["kind"], error["owner"]["agent"]["id"], error["epoch"]) == ("agent", lin.id, epoch)
    accepted(await maya.reply(conversation, "I know him", 0, audience="internal"))
    without_epoch = {"client_id": fresh("msg"), "body": {"text": "note"}, "audience": "internal"}
    accepted(await maya.post(f"/v1/conversations/{conversation}/messages", without_epoch))
    without_epoch = {"client_id": fresh("msg"), "body": {"text": "reply"}}
    refused(await lin.post(f"/v1/conversations/{conversation}/messages", without_epoch), 422, "invalid")
    said = [(entry["author"]["name"], entry["audience"]) for entry in await lin.timeline(conversation)
            if entry["kind"] == "message" and entry["author"]["kind"] == "agent"]  # fmt: skip
    assert said == [("Lin", "public"), ("Maya", "internal"), ("Maya", "internal")]


async def test_an_article_from_the_side_panel_travels_with_the_reply(house):
    lin = await on_duty(house)
    customer, _, epoch = await owned(house, lin)
    article = {"id": "refund-timing", "language": "zh", "title": "退款多久到账"}
    body = {"client_id": fresh("msg"), "body": {"text": "三天", "article": article}, "epoch": epoch}
    accepted(await lin.post(f"/v1/conversations/{customer.conversation}/messages", body))
    assert (await customer.timeline())[-1]["body"] == {"text": "三天", "article": article}


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("transfer", {"to_queue": "senior"}),
        ("give-back", {}),
        ("close", {"wrap_up": "solved"}),
        ("messages", {"client_id": "stale-reply", "body": {"text": "too late"}}),
    ],
)
@on_both
async def test_a_stale_epoch_is_fenced_with_the_present_owner(house, verb, body):
    """F-30, F-58."""
    lin, chen = await on_duty(house, "lin"), await on_duty(house, "chen", role=Role.SUPERVISOR)
    customer, _, epoch = await owned(house, lin)
    now = accepted(await chen.do(customer.conversation, "take-over", epoch=epoch))["epoch"]
    assert now == epoch + 1
    before = await house.entries(customer.conversation)
    if verb != "messages":
        body = {"op_id": fresh(), **body}
    answer = await lin.post(f"/v1/conversations/{customer.conversation}/{verb}", {**body, "epoch": epoch})
    error = refused(answer, 409, "fenced")
    assert error["epoch"] == now
    assert error["owner"]["kind"] == "agent"
    assert error["owner"]["agent"] == {"id": chen.id, "name": "Chen"}
    assert await house.entries(customer.conversation) == before
    # The right epoch does not help somebody who is not the owner.
    answer = await lin.post(f"/v1/conversations/{customer.conversation}/{verb}", {**body, "epoch": now})
    refused(answer, 409, "fenced")
    if verb == "messages":
        socket = lin.sockets[0]
        await socket.say(t="send", conv=customer.conversation, epoch=epoch, client_id="stale-frame", body={"text": "x"})
        frame = await socket.error("stale-frame")
        assert (frame["code"], frame["epoch"], frame["owner"]["agent"]["id"]) == ("fenced", now, chen.id)


async def test_a_name_of_a_message_counts_in_the_conversation_that_it_was_used_in(house):
    """A soak on a database that others had used was told of notes that were stored in other conversations."""
    lin = await on_duty(house, "lin")
    first, second = await owned(house, lin), await owned(house, lin)
    same = {"text": "I look at it.", "audience": "internal", "client_id": "note-00000001"}
    stored = accepted(await lin.reply(first[0].conversation, epoch=first[2], **same))
    assert accepted(await lin.reply(first[0].conversation, epoch=first[2], **same)) == stored
    before = await house.entries(second[0].conversation)
    refused(await lin.reply(second[0].conversation, epoch=second[2], **same), 409, "mismatch")
    assert await house.entries(second[0].conversation) == before


@on_both
async def test_a_transfer_to_a_colleague_moves_the_conversation_and_the_count(house):
    lin, maya = await on_duty(house, "lin"), await on_duty(house, "maya", capacity=1)
    customer, handoff, epoch = await owned(house, lin)
    moved = accepted(
        await lin.do(customer.conversation, "transfer", epoch=epoch, to_agent=maya.id, note="speaks Chinese")
    )
    assert (moved["owner"], moved["epoch"]) == ("agent", epoch + 1)
    seen = await maya.look(customer.conversation)
    assert seen["card"]["owner"]["agent"] == {"id": maya.id, "name": "Maya"}
    colleagues = {one["id"]: one["open"] for one in accepted(await lin.get("/v1/agents/me"))["colleagues"]}
    assert colleagues == {lin.id: 0, maya.id: 1}
    assert (await customer.timeline())[-1]["body"]["text"] == "You are being transferred to Maya."
    assert "speaks Chinese" in str(await maya.timeline(customer.conversation))
    accepted(await maya.reply(customer.conversation, "Hello from Maya", moved["epoch"]))
    other, _, epoch = await owned(house, lin)
    refused(await lin.do(other.conversation, "transfer", epoch=epoch, to_agent=maya.id), 409, "capacity_full")
    assert (await lin.look(other.conversation))["card"]["owner"]["agent"]["id"] == lin.id
    receipt = accepted(await lin.get(f"/v1/handoffs/{handoff}"))["receipt"]
    assert [stage["stage"] for stage in receipt][:3] == ["requested", "queued", "accepted"]


async def test_who_does_not_answer_is_no_colleague_to_pass_a_customer_to(house):
    lin, mara = await on_duty(house), await on_duty(house, "mara", role=Role.TRAINER)
    customer, _, epoch = await owned(house, lin)
    told = {one["id"]: (one["reads"], one["answers"]) for one in accepted(await lin.get("/v1/agents/me"))["colleagues"]}
    assert told == {lin.id: (True, True), mara.id: (True, False)}
    refused(await lin.do(customer.conversation, "transfer", epoch=epoch, to_agent=mara.id), 422, "invalid")


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ({}, 422, "invalid"),
        ({"to_agent": "a_lin"}, 422, "invalid"),
        ({"to_agent": "a_nobody"}, 404, "not_found"),
        ({"to_agent": "a_gone"}, 422, "invalid"),
        ({"to_agent": "a\x00b"}, 422, "invalid"),
        ({"to_queue": "no-such-queue"}, 422, "invalid"),
        ({"to_queue": "support", "to_agent": "a_lin"}, 422, "invalid"),
        ({"to_queue": "senior", "note": "x" * 2001}, 422, "invalid"),
        ({"to_queue": "senior", "note": "\ud800"}, 422, "invalid"),
        ({"to_queue": "senior", "priority": 9}, 422, "invalid"),
    ],
)
async def test_a_transfer_to_nowhere_is_refused_and_the_owner_stays(house, target, status, code):
    lin = await on_duty(house)
    await house.hire("gone", disabled=True)
    customer, _, epoch = await owned(house, lin)
    refused(await lin.do(customer.conversation, "transfer", epoch=epoch, **target), status, code)
    card = (await lin.look(customer.conversation))["card"]
    assert (card["owner"]["agent"]["id"], card["epoch"]) == (lin.id, epoch)
    accepted(await lin.reply(customer.conversation, "still here", epoch))


async def test_a_transfer_to_a_queue_waits_there(house):
    lin = await on_duty(house)
    customer, handoff, epoch = await owned(house, lin)
    moved = accepted(await lin.do(customer.conversation, "transfer", epoch=epoch, to_queue="support"))
    assert moved["owner"] == "queue"
    assert accepted(await lin.get("/v1/conversations", box="waiting"))["conversations"][0]["handoff"]["id"] == handoff
    assert accepted(await lin.get("/v1/agents/me"))["colleagues"][0]["open"] == 0
    refused(await lin.reply(customer.conversation, "one more", moved["epoch"]), 409, "fenced")
    accepted(await lin.accept(handoff))


async def test_giving_back_lets_the_bot_answer_again(house):
    lin = await on_duty(house)
    customer, handoff, epoch = await owned(house, lin)
    await customer.write("for the agent only")
    accepted(await lin.reply(customer.conversation, "done", epoch))
    given = accepted(await lin.do(customer.conversation, "give-back", epoch=epoch, note="simple question"))
    assert given["owner"] == "bot"
    await customer.write("and now for the bot")
    assert (await customer.answered())["body"]["text"] == "About and now for the bot"
    receipt = accepted(await lin.get(f"/v1/handoffs/{handoff}"))["receipt"]
    assert [stage["stage"] for stage in receipt] == ["requested", "queued", "accepted", "first_reply", "closed"]
    assert "simple question" not in str(await customer.timeline())


async def test_closing_needs_a_wrap_up_code_of_the_tenant(house):
    lin = await on_duty(house)
    customer, _, epoch = await owned(house, lin)
    for wrong in ("no-such-code", "", "SOLVED", "a\x00"):
        error = refused(await lin.do(customer.conversation, "close", epoch=epoch, wrap_up=wrong), 422, "invalid")
        assert wrong in ("", "a\x00") or "solved" in error["message"], "the message names what may be chosen"
    refused(await lin.do(customer.conversation, "close", epoch=epoch), 422, "invalid")
    accepted(await lin.do(customer.conversation, "close", epoch=epoch, wrap_up="refund"))
    box = accepted(await lin.get("/v1/conversations", box="closed"))["conversations"]
    assert [card["conversation"] for card in box] == [customer.conversation]


async def test_who_may_take_over(house):
    lin, maya = await on_duty(house, "lin"), await on_duty(house, "maya")
    chen = await on_duty(house, "chen", role=Role.SUPERVISOR)
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    epoch = accepted(await lin.do(customer.conversation, "take-over", epoch=1))["epoch"]  # from the bot: anybody
    error = refused(await maya.do(customer.conversation, "take-over", epoch=epoch), 403, "forbidden")
    assert "supervisor" in error["message"]
    refused(await maya.do(customer.conversation, "take-over", epoch=1), 409, "fenced")
    taken = accepted(await chen.do(customer.conversation, "take-over", epoch=epoch))
    assert (await maya.look(customer.conversation))["card"]["owner"]["agent"]["name"] == "Chen"
    accepted(await chen.reply(customer.conversation, "I take care of this", taken["epoch"]))
    waiting, _ = await house.waiting()
    refused(await chen.do(waiting.conversation, "take-over", epoch=2), 409, "illegal_transition")


async def test_an_offer_can_be_declined_by_the_one_who_has_it(house):
    lin, maya = await on_duty(house, "lin"), await on_duty(house, "maya")
    customer, handoff, epoch = await owned(house, lin)
    accepted(await lin.do(customer.conversation, "transfer", epoch=epoch, to_queue="senior"))
    by_id = {lin.id: lin, maya.id: maya}
    async with asyncio.timeout(20):
        while (card := (await lin.look(customer.conversation))["card"])["owner"]["kind"] != "offer":
            await asyncio.sleep(0.02)
    asked = by_id.pop(card["owner"]["agent"]["id"])
    other = by_id.popitem()[1]
    assert refused(await other.accept(handoff), 409, "already_taken")["holder"]["id"] == asked.id
    refused(await other.post(f"/v1/handoffs/{handoff}/decline", {"op_id": fresh()}), 409, "conflict")
    accepted(await asked.post(f"/v1/handoffs/{handoff}/decline", {"op_id": fresh()}))
    async with asyncio.timeout(20):  # whoever has not refused is asked next
        while (owner := (await lin.look(customer.conversation))["card"]["owner"])["agent"] != {
            "id": other.id, "name": other.id.removeprefix("a_").title(),
        }:  # fmt: skip
            assert owner["kind"] in ("queue", "offer")
            await asyncio.sleep(0.02)
    accepted(await other.accept(handoff))


async def test_boxes_list_what_they_say(house):
    lin = await on_duty(house)
    mine, _, _ = await owned(house, lin)
    waiting, _ = await house.waiting()
    bots = await house.customer()
    await bots.write("hello")
    await bots.answered()

    async def box(name):
        cards = accepted(await lin.get("/v1/conversations", box=name))["conversations"]
        return {card["conversation"] for card in cards}

    assert await box("mine") == {mine.conversation}
    assert await box("waiting") == {waiting.conversation}
    assert await box("bot") == {bots.conversation}
    assert await box("mailbox") == set()
    assert await box("all") == {mine.conversation, waiting.conversation, bots.conversation}
    refused(await lin.get("/v1/conversations", box="everything"), 422, "invalid")
    assert len(accepted(await lin.get("/v1/conversations", box="all", limit=2))["conversations"]) == 2


async def test_the_handoff_shows_its_packet_and_receipt(house):
    lin = await on_duty(house)
    customer = await house.customer()
    await customer.write("where is my order LY20261103001?")
    await customer.answered()
    await customer.write("human please")
    await customer.answered()
    handoff = await house.handoff_of(customer)
    accepted(await lin.accept(handoff))
    shown = accepted(await lin.get(f"/v1/handoffs/{handoff}"))
    assert set(shown) == {
        "id", "conversation", "reason", "priority", "queue", "language", "receipt", "packet", "calls", "standing",
        "promises", "sla",
    }  # fmt: skip
    packet = shown["packet"]
    parts = {"goal", "reason", "evidence", "tried", "facts", "mood", "attachments", "promises", "tasks", "missing"}
    assert set(packet) == parts
    assert packet["goal"] == {"text": "where is my order LY20261103001?", "entries": [2]}
    assert packet["facts"] == [{"kind": "order_number", "value": "LY20261103001", "entries": [2]}]
    assert packet["tried"][0]["article"] == "refunds"
    contact = (await lin.look(customer.conversation))["contact"]
    assert set(contact) == {"id", "name", "verified", "identities", "person", "channels", "prefers"}
    assert (contact["id"], contact["verified"]) == (customer.contact, False)
