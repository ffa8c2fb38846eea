"""What a customer says is shown to him as it was stored, and to others without asking anew what words do not change."""

from __future__ import annotations

import asyncio
import random
import time

from handoff_service.live import page as live_page
from handoff_service.live import session as live_session
from tests.handoff_service.web.serving import on_both
from tests.handoff_service.web.visitors import accepted, fresh


async def served(house, *, name="lin"):
    """A customer whom an agent serves, and the agent's desk."""
    customer, handoff = await house.waiting()
    desk = await house.agent(name)
    accepted(await desk.accept(handoff))
    return customer, desk


def noting(monkeypatch, module, name):
    """The calls of a function from here on."""
    calls, real = [], getattr(module, name)

    def noted(*asked, **how):
        calls.append(asked)
        return real(*asked, **how)

    monkeypatch.setattr(module, name, noted)
    return calls


@on_both
async def test_nobody_reads_for_a_customer_what_he_has_just_said(house, monkeypatch):
    customer, _ = await served(house)
    socket = await customer.socket()
    last = (await customer.timeline())[-1]["seq"]
    await socket.reach(customer.conversation, last)
    await asyncio.sleep(0.3)  # what was rung before is read
    read = noting(monkeypatch, live_session, "read_page")
    for number in range(5):
        client_id = fresh("words")
        await socket.say(t="send", conv=customer.conversation, client_id=client_id, body={"text": f"line {number}"})
        sent = await socket.sent(client_id)
        shown = await socket.entry(lambda entry, seq=sent["seq"]: entry["seq"] == seq)
        assert (shown["mid"], shown["body"]["text"]) == (sent["mid"], f"line {number}")
    await asyncio.sleep(0.3)
    assert read == []
    assert socket.entries(customer.conversation) == await customer.timeline()


@on_both
async def test_an_agent_sees_words_without_a_new_status_and_everything_else_with_one(house, monkeypatch):
    customer, desk = await served(house)
    watching = await desk.socket((customer.conversation, 0))
    await watching.reach(customer.conversation, (await customer.timeline())[-1]["seq"])
    await asyncio.sleep(0.3)
    asked = noting(monkeypatch, live_page, "customer_status")
    sent = await customer.write("where is it?")
    await watching.reach(customer.conversation, sent["seq"])
    await asyncio.sleep(0.3)
    assert asked == []
    since = len(watching.frames)
    accepted(
        await desk.do(
            customer.conversation,
            "close",
            wrap_up="solved",
            epoch=(await desk.look(customer.conversation))["card"]["epoch"],
        )
    )
    closed = await watching.until(lambda frame: frame["t"] == "status", since=since)
    assert closed["owner"]["kind"] == "closed"


async def test_order_holds_while_own_words_overtake_slow_reading(house, monkeypatch):
    """Somebody reads along, which rings without an entry: what is read then is shown after the echo of later words."""
    customer, desk = await served(house)
    chance, read = random.Random(7), live_session.read_page

    def late(*asked, **how):
        time.sleep(chance.random() * 0.1)
        return read(*asked, **how)

    monkeypatch.setattr(live_session, "read_page", late)
    mine, his = await customer.socket(), await desk.socket((customer.conversation, 0))
    epoch = (await desk.look(customer.conversation))["card"]["epoch"]
    last = (await customer.timeline())[-1]["seq"]
    for number in range(15):
        await mine.reach(customer.conversation, last)
        await his.say(t="read", conv=customer.conversation, seq=last)
        await asyncio.sleep(chance.random() * 0.02)
        client_id = fresh("words")
        await mine.say(t="send", conv=customer.conversation, client_id=client_id, body={"text": f"line {number}"})
        last = accepted(await desk.reply(customer.conversation, f"agent {number}", epoch=epoch))["seq"]
        last = max(last, (await mine.sent(client_id))["seq"])
    await mine.reach(customer.conversation, last)
    await asyncio.sleep(0.3)
    assert mine.entries(customer.conversation) == await customer.timeline()
