"""Fault: "bot turn in flight when a human claims; human replies through each route"."""

from __future__ import annotations

import pytest

from tests.handoff_service.stage import ScriptedBot, answer, wants_human
from tests.handoff_service.web.serving import on_both
from tests.handoff_service.web.torture.rules import (
    Pause,
    configure,
    events,
    head_of,
    holds,
    owned_by,
    queue,
    said,
    turns,
    until_no_turn,
)
from tests.handoff_service.web.visitors import accepted, fresh

ROUTES = ("socket after a claim", "http after a claim", "take-over", "accepted offer", "mailbox", "transferred")


async def claimed(house, customer, desk, route):
    """The agent becomes the owner by this route; the epoch."""
    if route == "take-over":
        head = await head_of(house, customer.conversation)
        return accepted(await desk.do(customer.conversation, "take-over", epoch=head.epoch))["epoch"]
    if route == "accepted offer":
        await owned_by(house, customer.conversation, "offer")
    epoch = accepted(await desk.accept(await house.handoff_of(customer)))["epoch"]
    if route == "transferred":
        maya = next(one for one in house.people if getattr(one, "id", "") == "a_maya")
        epoch = accepted(await desk.do(customer.conversation, "transfer", epoch=epoch, to_agent=maya.id))["epoch"]
    return epoch


@pytest.mark.parametrize(("route", "late"), list(zip(ROUTES, ["an answer", "a wish for a person"] * 3, strict=True)))
async def test_what_the_bot_says_after_a_human_has_come_reaches_nobody(own_house, route, late):
    """F-59."""
    pause = Pause(answer("too late") if late == "an answer" else wants_human("unhappy"))
    house = await own_house(bot=ScriptedBot([answer(), pause], usually=answer("the bot is back")))
    await configure(house, queues=[queue("offer" if route == "accepted offer" else "claim")])
    lin, maya = await house.agent("lin"), await house.agent("maya", queues=())
    if route != "mailbox":
        await lin.socket()
        await maya.socket()
    customer = await house.customer()
    listening = await customer.socket()
    await customer.write("hello")
    await customer.answered()
    if route != "take-over":
        await customer.ask_human()
    question = await customer.write("while I wait: where is it?")
    await pause.until_asked()
    epoch = await claimed(house, customer, lin, route)
    desk = maya if route == "transferred" else lin
    socket = await desk.socket((customer.conversation, 0))
    if route == "socket after a claim":
        name = fresh("msg")
        await socket.say(t="send", conv=customer.conversation, client_id=name, body={"text": "I am here"}, epoch=epoch)
        assert (await socket.sent(name))["t"] == "sent"
    else:
        accepted(await desk.reply(customer.conversation, "I am here", epoch))
    pause.go()
    await until_no_turn(house, customer.conversation)
    entries = await holds(house, customer.conversation)
    assert said(entries[question["seq"] :], "bot") == []
    assert said(entries, "agent") == ["I am here"]
    assert (await turns(house, customer.conversation))[-1] == "suppressed"
    assert (await head_of(house, customer.conversation)).owner.kind == "agent", "a late wish for a person moves nothing"

    # What was answered by a person is not answered again by the bot; what is new is.
    moved = accepted(await desk.do(customer.conversation, "give-back", epoch=epoch))
    assert moved["owner"] == "bot"
    await customer.write("and now?")
    assert (await customer.answered())["body"]["text"] == "the bot is back"
    entries = await holds(house, customer.conversation)
    assert said(entries[question["seq"] :], "bot") == ["the bot is back"]
    await listening.reach(customer.conversation, entries[-1].seq)
    assert "too late" not in customer.heard


@on_both
async def test_claim_reply_close_and_reopen_during_one_turn_of_the_bot(own_house):
    """The whole human part fits into the time that the bot thinks; its answer belongs to none of what follows."""
    pause = Pause()
    house = await own_house(bot=ScriptedBot([answer(), pause], usually=answer("fresh")))
    lin = await house.agent("lin")
    await lin.socket()
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    await customer.ask_human()
    await customer.write("a question that takes long")
    await pause.until_asked()
    epoch = accepted(await lin.accept(await house.handoff_of(customer)))["epoch"]
    accepted(await lin.reply(customer.conversation, "Done.", epoch))
    accepted(await lin.do(customer.conversation, "close", epoch=epoch, wrap_up="solved"))
    again = await customer.write("thanks, one more thing")
    pause.go()
    assert (await customer.answered())["body"]["text"] == "fresh"
    entries = await holds(house, customer.conversation)
    assert events(entries) == ["opened", "asked", "claim", "close", "reopen"]
    assert said(entries[again["seq"] - 1 :], "bot") == ["fresh"]
