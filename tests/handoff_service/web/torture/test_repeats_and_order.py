"""Fault: "inbound duplicate, out-of-order, equal timestamps; outbound retry after unknown result", with a handoff."""

from __future__ import annotations

import asyncio
import time

from tests.handoff_service.stage import FakeClock, ScriptedBot, answer
from tests.handoff_service.web.conftest import by_text
from tests.handoff_service.web.serving import on_both
from tests.handoff_service.web.torture.rules import events, head_of, holds, owned_by, said, until, until_no_turn
from tests.handoff_service.web.visitors import accepted


async def post(platform, event, **options):
    posted = await asyncio.to_thread(lambda: platform.post(event, **options))
    assert posted.accepted, posted
    return posted.body


async def deliveries(platform, count):
    return await asyncio.to_thread(platform.wait_for, lambda p: len(p.texts()) >= count and p.texts())


@on_both
async def test_an_event_that_comes_again_at_any_later_stage_has_no_effect(own_house, connect):
    """The platform repeats for days: in the queue, with the agent, after the give-back, after the close."""
    bot = ScriptedBot(usually=by_text)
    house = await own_house(bot=bot)
    platform = await connect(house)
    lin = await house.agent("lin")
    await lin.socket()
    hello, asked = platform.event("ann", "hello"), platform.event("ann", "human please")
    place = (await post(platform, hello))["conversation"]
    await deliveries(platform, 1)
    await post(platform, asked)
    head = await owned_by(house, place, "queue")

    async def repeat():
        before = await head_of(house, place)
        for event in (hello, asked):
            assert (await post(platform, event))["duplicate"]
        assert await head_of(house, place) == before

    await repeat()
    epoch = accepted(await lin.accept(head.handoff))["epoch"]
    accepted(await lin.reply(place, "Lin here", epoch))
    await repeat()
    epoch = accepted(await lin.do(place, "give-back", epoch=epoch))["epoch"]
    await repeat()
    epoch = accepted(await lin.do(place, "take-over", epoch=epoch))["epoch"]
    accepted(await lin.do(place, "close", epoch=epoch, wrap_up="solved"))
    await repeat()
    assert len(bot.requests) == 2
    entries = await holds(house, place)
    assert events(entries) == ["opened", "asked", "claim", "give_back", "take_over", "close"]
    assert said(entries, "customer") == ["hello", "human please"]


async def test_out_of_order_and_with_equal_timestamps_the_order_is_that_of_arrival(own_house, connect):
    """All clocks stand still: ours, and that of the platform. Only `seq` orders, and every reader sees the same."""
    house = await own_house(clock=FakeClock(), bot=ScriptedBot(usually=answer("ok")))
    platform = await connect(house)
    stamp = int(house.gateway.clock().timestamp())
    lin = await house.agent("lin")
    socket = await lin.socket()
    events_ = [platform.event("ann", f"message {number}") for number in range(12)]
    shuffled = sorted(events_, key=lambda one: one["event_id"])
    place = ""
    for event in shuffled[:6]:
        place = (await post(platform, event, timestamp=stamp))["conversation"]
    head = await head_of(house, place)
    epoch = accepted(await lin.do(place, "take-over", epoch=head.epoch))["epoch"]
    both = await asyncio.gather(
        *(post(platform, event, timestamp=stamp) for event in shuffled[6:]),
        *(lin.reply(place, f"reply {number}", epoch) for number in range(4)),
    )
    for one in both[6:]:
        accepted(one)
    for event in shuffled:
        assert (await post(platform, event, timestamp=stamp))["duplicate"]
    await until_no_turn(house, place)
    entries = await holds(house, place)
    assert len({one.at for one in entries}) == 1, "the clock told nothing"
    assert said(entries, "customer")[:6] == [one["text"] for one in shuffled[:6]]
    assert sorted(said(entries, "customer")) == sorted(one["text"] for one in events_)
    await socket.say(t="sub", conv=place, after=0)
    seen = await socket.reach(place, entries[-1].seq)
    assert [one["mid"] for one in seen] == [one.mid for one in entries]


async def test_an_agents_replies_reach_the_platform_once_and_in_order_whatever_it_answers(own_house, connect):
    """Unknown results in the middle of a transfer: the second agent's words do not overtake those of the first."""
    house = await own_house(bot=ScriptedBot(usually=by_text))
    platform = await connect(house)
    lin, maya = await house.agent("lin"), await house.agent("maya")
    await lin.socket()
    await maya.socket()
    place = (await post(platform, platform.event("ann", "hello")))["conversation"]
    await deliveries(platform, 1)
    epoch = accepted(await lin.do(place, "take-over", epoch=(await head_of(house, place)).epoch))["epoch"]
    platform.script("reset_after", "ok", "slow:0.2", "reset", "garbage")
    for number in range(3):
        accepted(await lin.reply(place, f"Lin {number}", epoch))
    epoch = accepted(await lin.do(place, "transfer", epoch=epoch, to_agent=maya.id))["epoch"]
    for number in range(3):
        accepted(await maya.reply(place, f"Maya {number}", epoch))
    accepted(await maya.do(place, "close", epoch=epoch, wrap_up="solved"))
    words = [f"Lin {n}" for n in range(3)] + [f"Maya {n}" for n in range(3)]
    await deliveries(platform, 10)  # with hello, and what the system says of who comes and goes
    assert [text for text in platform.texts() if text in words] == words
    seqs = platform.conversations()[place]
    assert seqs == sorted(set(seqs))
    assert len(platform.arrivals) > len(platform.effects), "some came twice, and had one effect"
    assert said(await holds(house, place), "agent") == words


async def test_the_same_words_a_thousand_times_is_one_customer_who_is_served_once(own_house, connect):
    """A platform gone mad: parallel copies of a burst while an agent claims, replies and closes."""
    house = await own_house(bot=ScriptedBot(usually=by_text))
    platform = await connect(house)
    lin = await house.agent("lin")
    await lin.socket()
    burst = [platform.event("ann", f"human {number}") for number in range(6)]
    posting = asyncio.create_task(asyncio.to_thread(platform.post_wildly, burst, most_copies=6, threads=8))

    async def waiting():
        box = accepted(await lin.get("/v1/conversations", box="waiting"))["conversations"]
        return box

    (card,) = await until(waiting)
    place = card["conversation"]
    epoch = accepted(await lin.accept(card["handoff"]["id"]))["epoch"]
    accepted(await lin.reply(place, "one at a time", epoch))
    began = time.monotonic()
    answers = await posting
    assert time.monotonic() - began < 60
    assert {one.status for one in answers} == {200}
    assert {one.body["conversation"] for one in answers} == {place}
    accepted(await lin.do(place, "close", epoch=epoch, wrap_up="spam"))
    entries = await holds(house, place)
    assert sorted(said(entries, "customer")) == [f"human {number}" for number in range(6)]
    assert events(entries) == ["opened", "asked", "claim", "close"]
