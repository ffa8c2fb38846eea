"""Fault: "second and third handoff of same customer; unknown queue; handoff during form"."""

from __future__ import annotations

import pytest

from handoff_service.handoffs import store as handoffs
from tests.handoff_service.stage import ScriptedBot, answer, wants_human
from tests.handoff_service.web.torture.rules import configure, events, head_of, holds, owned_by, queue, said, served
from tests.handoff_service.web.visitors import accepted, refused


async def requests(house, conversation):
    return await house.database.read(lambda c: handoffs.of_conversation(c, house.tenant.id, conversation))


async def test_each_handoff_of_a_customer_has_its_own_receipt_and_the_old_ones_open_nothing(house):
    lin, maya = await house.agent("lin"), await house.agent("maya")
    await lin.socket()
    await maya.socket()
    customer, epoch = await served(house, lin, "first: order 1234-5678")
    place = customer.conversation
    accepted(await lin.reply(place, "one", epoch))
    accepted(await lin.do(place, "give-back", epoch=epoch))
    first = await house.handoff_of(customer)
    await customer.write("second thing")
    await customer.answered()
    await customer.ask_human()
    second = await house.handoff_of(customer)
    refused(await maya.accept(first), 409, "conflict")
    epoch = accepted(await maya.accept(second))["epoch"]
    refused(await lin.reply(place, "it was mine", epoch), 409, "fenced")
    accepted(await maya.do(place, "close", epoch=epoch, wrap_up="solved"))
    await customer.write("third thing, after the close")
    await customer.answered()
    await customer.ask_human()
    third = await house.handoff_of(customer)
    refused(await maya.accept(second), 409, "conflict")
    accepted(await lin.accept(third))
    entries = await holds(house, place)
    assert events(entries) == [
        "opened", "asked", "claim", "give_back", "asked", "claim", "close", "reopen", "asked", "claim",
    ]  # fmt: skip
    rows = await requests(house, place)
    assert [one.id for one in rows] == [first, second, third]
    assert [one.wrap_up for one in rows] == ["given_back", "solved", None]
    assert [one.accepted_by for one in rows] == [lin.id, maya.id, lin.id]
    seqs = [one.requested_seq for one in rows]
    assert [entries[seq - 1].body["event"] for seq in seqs] == ["asked"] * 3, "each names the entry that asked"
    receipts = [accepted(await lin.get(f"/v1/handoffs/{one}"))["receipt"] for one in (first, second, third)]
    assert [[step["stage"] for step in one] for one in receipts] == [
        ["requested", "queued", "accepted", "first_reply", "closed"],
        ["requested", "queued", "accepted", "closed"],
        ["requested", "queued", "accepted"],
    ]


async def test_a_queue_that_nobody_knows_is_refused_and_one_that_is_taken_away_loses_nobody(own_house):
    house = await own_house()
    lin = await house.agent("lin", queues=("support", "gone"))
    socket = await lin.socket()
    customer, epoch = await served(house, lin)
    place = customer.conversation
    for target in ("nowhere", "", "Support", "support "):
        refused(await lin.do(place, "transfer", epoch=epoch, to_queue=target), 422, "invalid")
    refused(await lin.do(place, "transfer", epoch=epoch), 422, "invalid")
    assert (await head_of(house, place)).epoch == epoch
    await configure(house, queues=[queue(), {"id": "gone", "name": "Going"}])
    epoch = accepted(await lin.do(place, "transfer", epoch=epoch, to_queue="gone"))["epoch"]
    await configure(house, queues=[queue()])  # the tenant takes the queue away while somebody waits in it
    seen = await socket.until(lambda f: f["t"] == "desk" and [c["conversation"] for c in f["waiting"]] == [place])
    status = await customer.socket((place, 0))
    assert (await status.until(lambda f: f["t"] == "status"))["place"] == 1
    accepted(await lin.accept(seen["waiting"][0]["handoff"]["id"]))
    assert events(await holds(house, place)) == ["opened", "asked", "claim", "transfer", "claim"]


@pytest.mark.parametrize("reason", ["asked", "no_such_reason", "opened", "give_back"])
async def test_a_wish_of_the_bot_with_whatever_reason_is_a_request_of_the_table(own_house, reason):
    """A bot that names a move instead of a reason must not make that move."""
    house = await own_house(bot=ScriptedBot([wants_human(reason, priority=99)]))
    customer = await house.customer()
    await customer.write("hello")
    await owned_by(house, customer.conversation, "mailbox")
    entries = await holds(house, customer.conversation)
    assert events(entries) == ["opened", "asked" if reason == "asked" else "policy"]
    (row,) = await requests(house, customer.conversation)
    assert row.priority == 9


async def test_a_form_that_was_open_at_the_handoff_is_forgotten_by_the_next_phase(own_house):
    """In the middle of "which order?" a person takes over; whoever comes back to the bot is not asked for the slot."""
    form = answer("Which order number?", kind="form")
    bot = ScriptedBot([form], usually=answer("anew"))
    house = await own_house(bot=bot)
    lin = await house.agent("lin")
    await lin.socket()
    customer = await house.customer()
    await customer.write("I want a refund")
    assert (await customer.answered())["body"]["kind"] == "form"
    await customer.ask_human()
    await customer.write("12345678")
    await customer.answered()
    assert [one.phase for one in bot.requests] == [1, 1], "in the queue the form goes on"
    assert [one.owner for one in bot.requests] == ["bot", "queue"]
    epoch = accepted(await lin.accept(await house.handoff_of(customer)))["epoch"]
    await customer.write("87654321")  # to the person, and in the shape of an answer to the form
    accepted(await lin.reply(customer.conversation, "Refunded.", epoch))
    epoch = accepted(await lin.do(customer.conversation, "give-back", epoch=epoch))["epoch"]
    await customer.write("and another question")
    await customer.answered()
    last = bot.requests[-1]
    assert (last.phase, last.text) == (2, "and another question"), "a new phase, and only what is new"
    epoch = accepted(await lin.do(customer.conversation, "take-over", epoch=epoch))["epoch"]
    accepted(await lin.do(customer.conversation, "close", epoch=epoch, wrap_up="solved"))
    await customer.write("later")
    await customer.answered()
    assert bot.requests[-1].phase == 3
    assert len({one.turn for one in bot.requests}) == len(bot.requests), "no turn is taken for an old one"
    assert said(await holds(house, customer.conversation), "agent") == ["Refunded."]
