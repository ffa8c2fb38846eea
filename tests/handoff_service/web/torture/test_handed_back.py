"""Fault: "hand-back → bot answers, old 'human will take over' text has no effect"."""

from __future__ import annotations

import asyncio

import pytest

from tests.handoff_service.stage import ScriptedBot, answer, wants_human
from tests.handoff_service.web.torture.rules import Pause, events, head_of, holds, owned_by, said, served, until_no_turn
from tests.handoff_service.web.visitors import accepted, fresh


@pytest.mark.parametrize("stage", ["in the queue", "with the agent", "after the give-back"])
async def test_an_old_wish_for_a_person_moves_nothing_at_any_later_stage(own_house, stage):
    """The bot says "a human will take over" to a question from before; when it arrives the world has moved on."""
    pause = Pause(wants_human("unhappy"))
    bot = ScriptedBot([answer(), pause], usually=answer("the bot's own answer"))
    house = await own_house(bot=bot)
    lin = await house.agent("lin")
    await lin.socket()
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    await customer.write("I am angry")
    await pause.until_asked()
    await customer.ask_human()
    want = ["opened", "asked"]
    if stage != "in the queue":
        epoch = accepted(await lin.accept(await house.handoff_of(customer)))["epoch"]
        accepted(await lin.reply(customer.conversation, "calm down", epoch))
        want.append("claim")
    if stage == "after the give-back":
        accepted(await lin.do(customer.conversation, "give-back", epoch=epoch))
        want.append("give_back")
    before = (await head_of(house, customer.conversation)).epoch
    pause.go()
    await until_no_turn(house, customer.conversation)
    await asyncio.sleep(0.1)
    assert (await head_of(house, customer.conversation)).epoch == before
    if stage == "after the give-back":
        await customer.write("a new question")
        assert (await customer.answered())["body"]["text"] == "the bot's own answer"
    entries = await holds(house, customer.conversation)
    assert events(entries) == want
    assert "Let me get a colleague." not in said(entries, "bot"), "nobody is promised again what happened before"


async def test_the_words_of_the_last_handoff_in_the_context_do_not_hand_over_again(own_house):
    """After the give-back the bot is asked about the new words only; what was said before is context, not a wish."""

    async def literal(request):
        return wants_human("asked") if "human" in request.text else answer(f"About {request.text}")

    bot = ScriptedBot(usually=literal)
    house = await own_house(bot=bot)
    lin = await house.agent("lin")
    await lin.socket()
    customer = await house.customer()
    await customer.write("human please")
    await owned_by(house, customer.conversation, "queue")
    for number in range(3):
        await customer.write(f"a human I said, {number}")
    epoch = accepted(await lin.accept(await house.handoff_of(customer)))["epoch"]
    accepted(await lin.reply(customer.conversation, "Solved; the human part is over", epoch))
    accepted(await lin.do(customer.conversation, "give-back", epoch=epoch))
    sent = await customer.write("thanks, opening hours?")
    assert (await customer.answered())["body"]["text"] == "About thanks, opening hours?"
    entries = await holds(house, customer.conversation)
    assert events(entries) == ["opened", "asked", "claim", "give_back"]
    assert bot.requests[-1].text == "thanks, opening hours?"
    assert any("human" in one["text"] for one in bot.requests[-1].context)
    assert said(entries[sent["seq"] :], "bot") == ["About thanks, opening hours?"]


async def test_given_back_while_the_customer_writes_each_question_is_answered_once(own_house):
    """What comes before the give-back and is unanswered, and what comes after it: by the bot, once, in order."""

    async def echo(request):
        return answer(f"About {request.text}")

    house = await own_house(bot=ScriptedBot(usually=echo))
    lin = await house.agent("lin")
    await lin.socket()
    for _ in range(4):
        customer, epoch = await served(house, lin)
        accepted(await lin.reply(customer.conversation, "hi", epoch))
        start = (await head_of(house, customer.conversation)).last_seq
        sends = [
            customer.post(customer.path("messages"), {"client_id": fresh("msg"), "body": {"text": f"q{number}."}})
            for number in range(3)
        ]
        done, *_ = await asyncio.gather(lin.do(customer.conversation, "give-back", epoch=epoch), *sends)
        accepted(done)
        await customer.answered()

        entries = await _all_answered(house, customer)
        told = "\n".join(said(entries[start:], "bot"))
        assert [told.count(f"q{number}.") for number in range(3)] == [1, 1, 1], told


async def _all_answered(house, customer):
    async with asyncio.timeout(15):
        while True:
            entries = await holds(house, customer.conversation)
            told = "\n".join(said(entries, "bot"))
            if all(f"q{number}." in told for number in range(3)):
                return entries
            await asyncio.sleep(0.05)
