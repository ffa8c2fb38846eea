"""The bot dies, hangs and comes back under two hundred live conversations: nothing is lost, doubled or handed over
that a bot could have answered in time (F-68).

An outage of a minute, with the waits of production; TANDEM_OUTAGE_PACE shortens all of it (0.1: ten times faster than
life, the outage takes six seconds). A long `make soak` plays it at 1, as in life.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.clock import utc_now
from handoff_service.conversations import store
from handoff_service.conversations.model import Entry, Kind, OwnerKind
from handoff_service.conversations.receive import Sender
from tests.handoff_service.bots.conftest import Desk
from tests.handoff_service.bots.frail_bot import FrailBot
from tests.handoff_service.stage import person, start_shift

CUSTOMERS = 200
PACE = float(os.environ.get("TANDEM_OUTAGE_PACE", "0.1"))
OUTAGE_S = 60 * PACE
LIFE = {
    "bot_soft_s": 8 * PACE,
    "bot_hard_s": 20 * PACE,
    "reply_deadline_s": 45 * PACE,
    "breaker_open_s": 5 * PACE,
    "sweep_s": max(0.2, PACE),
    "agent_grace_s": 600,
}
ASKERS, ANGRY = range(10), range(10, 20)


def words(number: int) -> str:
    """What a customer writes during the outage; unique in every log."""
    if number in ASKERS:
        return f"let me talk to a person, please {number:03}"
    if number in ANGRY:
        return f"you liars, this is unacceptable {number:03}"
    return f"when does order {number:03} arrive?"


async def timelines(desk: Desk) -> dict[str, list[Entry]]:
    """Every timeline by contact."""
    query = sa.select(tables.conversations.c.id, tables.conversations.c.contact)
    heads = await desk.database.read(lambda c: c.execute(query).all())
    return {
        head.contact: await desk.database.read(lambda c, id=head.id: store.entries_after(c, "demo", id, 0))  # type: ignore[misc]
        for head in heads
    }


async def settled(desk: Desk, within_s: float) -> None:
    """Waits until no turn is asked for any more."""
    B = tables.outbox.c
    left = sa.select(sa.func.count()).where(B.state != "sent")
    async with asyncio.timeout(within_s):
        while await desk.database.read(lambda c: c.execute(left).scalar_one()):
            await asyncio.sleep(0.05)


def answered_by(timeline: list[Entry], text: str) -> list[Entry]:
    """The bot's answers to a text; it may have been joined with others."""
    return [
        one
        for one in timeline
        if one.kind is Kind.MESSAGE and one.author.kind == "bot" and text in str(one.body["text"])
    ]


def check(sender: Sender, number: int, timeline: list[Entry], deadline: timedelta) -> str:
    """Checks one final log; returns why it was handed over, or "answered"."""
    said = [one for one in timeline if one.author.kind == "customer"]
    assert [one.body["text"] for one in said] == [f"hello {number:03}", words(number)], "0 lost, 0 doubled"
    assert [one.seq for one in timeline] == list(range(1, len(timeline) + 1))
    states = [one for one in timeline if one.kind is Kind.STATE][1:]
    notices = [one for one in timeline if one.body.get("kind") == "notice" and not one.body.get("interim")]
    assert len(notices) <= 2, "one for each wait at most"
    for message in said:
        answers = answered_by(timeline, str(message.body["text"]))
        assert len(answers) <= 1, f"answered twice: {message.body['text']}"
        assert answers or states, f"neither answered nor handed over: {message.body['text']}"
    if not states:
        return "answered"
    (state,) = states
    reason = str(state.body["event"])
    if reason == "reply_timeout":
        assert state.at - said[-1].at >= deadline, f"{sender.contact} did not wait too long"
    return reason


async def test_an_outage_under_two_hundred_conversations(
    open_desk: Callable[..., Awaitable[Desk]], bot: FrailBot
) -> None:
    desk = await open_desk(**LIFE)
    await desk.database.write(lambda tx: start_shift(tx.connection, person("lin"), utc_now()))
    customers = [await desk.arrive() for _ in range(CUSTOMERS)]
    chance = random.Random(20261102)
    for number, sender in enumerate(customers):
        await desk.say(sender, f"hello {number:03}")
    await settled(desk, within_s=10)

    async def live(number: int, sender: Sender) -> None:
        await asyncio.sleep(chance.uniform(0, OUTAGE_S))
        await desk.say(sender, words(number))

    async def outage() -> None:
        await bot.die()
        await asyncio.sleep(OUTAGE_S / 2)
        bot.mode = "hangs"
        await bot.start()
        await asyncio.sleep(OUTAGE_S / 2)
        await bot.die()  # hanging connections do not come back to life
        bot.mode = "answers"
        await bot.start()

    await asyncio.gather(outage(), *(live(number, sender) for number, sender in enumerate(customers)))
    await settled(desk, within_s=max(10, 100 * PACE))

    logs = await timelines(desk)
    assert len(logs) == CUSTOMERS
    deadline = timedelta(seconds=desk.settings.reply_deadline_s)
    ends = {number: check(one, number, logs[one.contact], deadline) for number, one in enumerate(customers)}
    assert {number for number, end in ends.items() if end == "asked"} <= set(ASKERS)
    assert {number for number, end in ends.items() if end == "unhappy"} <= set(ANGRY)
    told = Counter(ends.values())
    assert set(told) <= {"answered", "asked", "unhappy", "reply_timeout"}
    assert told["asked"] >= 1, "the outage was there when somebody asked"
    assert told["answered"] > CUSTOMERS / 4, f"most could wait for the bot: {told}"
    queue = await desk.database.read(lambda c: store.listed(c, "demo", [OwnerKind.QUEUE], limit=500))
    assert len(queue) == CUSTOMERS - told["answered"]
    await check_turns(desk)


async def check_turns(desk: Desk) -> None:
    """I23: every turn ended in exactly one way, and only posted ones have entries."""
    rows: list[Any] = await desk.database.read(lambda c: list(c.execute(sa.select(tables.turns)).all()))
    assert {row.state for row in rows} <= {"posted", "suppressed", "failed"}
    posted = {row.id: row.epoch for row in rows if row.state == "posted"}
    for timeline in (await timelines(desk)).values():
        for one in timeline:
            if one.turn is not None and one.body.get("kind") != "notice":
                assert posted[one.turn] == one.epoch
