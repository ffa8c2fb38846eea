"""Whom the clock of silence spares, and whom it does not: what was left, kept, put aside, watched, or alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from handoff_service.agents.model import Role
from handoff_service.conversations import store
from handoff_service.conversations.model import Author, AuthorKind, Conversation, Draft, Event, Kind, OwnerKind
from handoff_service.conversations.receive import Sender, receive
from handoff_service.desk import aside
from handoff_service.handoffs import assign, release
from handoff_service.handoffs.request import request_handoff
from handoff_service.handoffs.sign_off import Fate, sign_off
from handoff_service.handoffs.silence import first_reply_of
from tests.handoff_service.handoffs.floor import Floor
from tests.handoff_service.handoffs.test_silence import nudges, passes
from tests.handoff_service.stage import shop


@pytest.fixture
def engine() -> str:
    return "sqlite"


async def bot_says(floor: Floor, found: Conversation) -> Conversation:
    draft = Draft(kind=Kind.MESSAGE, author=Author(AuthorKind.BOT, "bot", "bot"), body={"text": "Three days."})
    await floor.do(
        lambda tx: store.append(tx, store.find(tx.connection, "demo", found.id, lock=True), draft, floor.clock())
    )
    return await floor.now(found)


async def writes(floor: Floor, sender: Sender, client_id: str = "client-77") -> None:
    said = {"client_id": client_id, "body": {"text": "hello??"}}
    await floor.do(lambda tx: receive(tx, sender, **said, context=floor.context))


async def handed_over(floor: Floor) -> tuple[Sender, Conversation]:
    """The bot has the last word: it said that it gets somebody."""
    sender, found = await floor.asks()
    await bot_says(floor, found)

    def ask(tx: Any) -> Conversation:
        now = store.find(tx.connection, "demo", found.id, lock=True)
        return request_handoff(tx, now, Event.ASKED, evidence={}, context=floor.context, queue="support")

    return sender, await floor.do(ask)


async def test_what_was_kept_at_sign_off_stays_until_he_is_back(floor: Floor, hire: Any) -> None:
    lin, _ = await hire("lin"), await hire("maya")
    _, held = await floor.served(lin)
    back = floor.clock() + timedelta(hours=1)
    await floor.do(lambda tx: sign_off(tx, lin, floor.context, fate=Fate.KEEP, back_at=back))
    await passes(floor, 3500)
    assert (await floor.now(held)).owner.agent == lin.id
    assert await nudges(floor, held) == []
    await passes(floor, 500)
    assert await nudges(floor, held) != [], "he is late"


async def test_a_left_message_stays_one_when_it_is_passed_on(floor: Floor, hire: Any) -> None:
    lin, maya = await hire("lin"), await hire("maya")
    sender, waiting = await floor.waits()
    await floor.choose(sender, waiting, "leave-message", text="tomorrow will do")
    left = await floor.accept(waiting, lin)
    passed = await floor.do(lambda tx: release.transfer(tx, left.id, lin, left.epoch, floor.context, to_agent=maya.id))
    await passes(floor, 700)
    assert (await floor.now(passed)).owner.agent == maya.id


async def test_the_bots_last_word_is_not_a_colleagues(floor: Floor, hire: Any) -> None:
    lin, maya = await hire("lin"), await hire("maya")
    _, waiting = await handed_over(floor)
    held = await floor.accept(waiting, lin)
    passed = await floor.do(lambda tx: release.transfer(tx, held.id, lin, held.epoch, floor.context, to_agent=maya.id))
    await passes(floor, 700)
    assert (await floor.now(passed)).owner.kind is OwnerKind.QUEUE


async def test_who_writes_after_he_was_put_aside_is_not_forgotten(floor: Floor, hire: Any) -> None:
    lin, _ = await hire("lin"), await hire("maya")
    sender, waiting = await handed_over(floor)
    held = await floor.accept(waiting, lin)
    until = floor.clock() + timedelta(hours=20)

    def put(tx: Any) -> None:
        aside.put_aside(tx, store.find(tx.connection, "demo", held.id, lock=True), until, floor.context)

    await floor.do(put)
    await passes(floor, 1200, every=100)
    assert await nudges(floor, held) == [], "put aside, and nothing has happened"
    await writes(floor, sender)
    await passes(floor, 1000)
    assert (await floor.now(held)).owner.kind is OwnerKind.QUEUE


async def test_who_only_watches_the_bot_is_not_hurried_until_the_customer_writes(floor: Floor, hire: Any) -> None:
    chen, _ = await hire("chen", role=Role.SUPERVISOR), await hire("lin")
    sender, found = await floor.asks()
    answered = await bot_says(floor, found)
    held = await floor.do(lambda tx: assign.take_over(tx, answered.id, chen, answered.epoch, floor.context))
    await passes(floor, 1200, every=100)
    assert ((await floor.now(held)).owner.agent, await nudges(floor, held)) == (chen.id, [])
    await writes(floor, sender)
    await passes(floor, 400)
    assert [what for what, _ in await nudges(floor, held)] == ["reminded"], "his time runs from the question on"
    await passes(floor, 800)
    assert (await floor.now(held)).owner.kind is OwnerKind.QUEUE


async def test_the_only_one_there_does_not_lose_him_to_himself(floor: Floor, hire: Any) -> None:
    lin = await hire("lin")
    await hire("maya", queues=("senior",))
    await hire("bo", capacity=1, open=1)
    _, held = await floor.served(lin)
    await passes(floor, 1500)
    assert (await floor.now(held)).owner.agent == lin.id
    assert await nudges(floor, held) == [("reminded", 300), ("told", 450)], "told of again only after an hour"
    await passes(floor, 2700)
    assert [what for what, _ in await nudges(floor, held)] == ["reminded", "told", "told"]
    await hire("noor")
    await passes(floor, 200)
    assert (await floor.now(held)).owner.kind is OwnerKind.QUEUE


@pytest.mark.parametrize("channel", ["mail", "public"])
def test_who_answers_by_letter_is_not_hurried(channel: str) -> None:
    assert first_reply_of(shop(), "support", channel) is None
    assert first_reply_of(shop(), "support", "web") == timedelta(minutes=10)
