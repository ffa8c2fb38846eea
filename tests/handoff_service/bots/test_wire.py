"""Rasa behind a real wire that misbehaves: bounded in bytes and in time, and nothing of it reaches a customer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from handoff_service.bots.rasa import MAX_BYTES, RasaBot
from handoff_service.bots.turn_json import MAX_MESSAGES, as_answer
from handoff_service.conversations import store
from handoff_service.conversations.model import Audience, Author, AuthorKind, Entry, Kind
from handoff_service.conversations.projection import for_customer
from handoff_service.errors import BotFailed
from handoff_service.own_parts import client_for_parts
from tests.handoff_service.bots.conftest import Desk
from tests.handoff_service.bots.frail_bot import FrailBot
from tests.handoff_service.bots.test_ladder import REQUEST

Open = Callable[..., Awaitable[Desk]]


async def ask(bot: FrailBot, timeout_s: float = 0.5) -> None:
    async with client_for_parts() as client:
        await RasaBot(client, bot.url, timeout_s=timeout_s).ask(REQUEST)


async def test_no_more_is_read_than_an_answer_may_have(bot: FrailBot) -> None:
    """Five megabytes were read in full, and only then found to be too much."""
    bot.mode = "floods"
    with pytest.raises(BotFailed, match=f"more than {MAX_BYTES} bytes"):
        await ask(bot, timeout_s=10)
    await asyncio.sleep(0.1)
    sent = bot.bytes_sent
    assert sent < 20 * MAX_BYTES, "what lies in the buffers of both sides, and no more"
    await asyncio.sleep(0.2)
    assert bot.bytes_sent == sent, "the connection is closed"


async def test_a_drip_ends_with_the_hard_limit(bot: FrailBot) -> None:
    """Every byte came within the time limit of a read, so the turn never ended."""
    bot.mode = "drips"
    began = time.monotonic()
    with pytest.raises(BotFailed, match="no answer within"):
        await asyncio.wait_for(ask(bot), 5)
    assert time.monotonic() - began >= 0.4, "it did get its time"


async def test_a_bot_that_hangs_ends_with_the_hard_limit(bot: FrailBot) -> None:
    bot.mode = "hangs"
    with pytest.raises(BotFailed, match="no answer within"):
        await asyncio.wait_for(ask(bot), 5)


async def test_a_connection_that_breaks_in_the_middle_is_a_failure(bot: FrailBot) -> None:
    bot.mode = "hangs"
    asking = asyncio.create_task(ask(bot, timeout_s=20))
    while not bot.asked:
        await asyncio.sleep(0.01)
    await bot.die()
    with pytest.raises(BotFailed, match="rasa: "):
        await asyncio.wait_for(asking, 5)


async def heard(desk: Desk, conversation: str) -> list[str]:
    timeline = await desk.database.read(lambda c: store.entries_after(c, "demo", conversation, 0))
    return [str(one.body["text"]) for one in timeline if one.author.kind == "bot"]


async def until_heard(desk: Desk, conversation: str, count: int) -> list[str]:
    async with asyncio.timeout(20):
        while len(said := await heard(desk, conversation)) < count:
            await asyncio.sleep(0.02)
    return said


@pytest.mark.parametrize(
    ("delay_s", "kinds"),
    [(0.0, ["answer"]), (0.9, ["one moment", "answer"])],
    ids=["before the soft limit", "between the limits"],
)
async def test_answers_around_the_soft_limit(open_desk: Open, bot: FrailBot, delay_s: float, kinds: list[str]) -> None:
    """F-69: slow is not down, and who waits is told so once."""
    desk = await open_desk(bot_soft_s=0.5, bot_hard_s=8)
    bot.mode, bot.delay_s = "late", delay_s
    conversation, _ = await desk.say(await desk.arrive(), "hello")
    said = await until_heard(desk, conversation.id, len(kinds))
    expected = {"answer": "answer to: hello", "one moment": "One moment please, I am looking into it."}
    assert said == [expected[kind] for kind in kinds]


async def test_an_answer_after_the_hard_limit_reaches_nobody(open_desk: Open, bot: FrailBot) -> None:
    desk = await open_desk(bot_soft_s=5, bot_hard_s=0.3, reply_deadline_s=3)
    bot.mode, bot.delay_s = "late", 0.6
    conversation, _ = await desk.say(await desk.arrive(), "hello")
    (notice,) = await until_heard(desk, conversation.id, 1)
    assert "not responding" in notice
    await asyncio.sleep(0.6)
    assert await heard(desk, conversation.id) == [notice], "the late answers went nowhere"
    bot.delay_s = 0
    assert await until_heard(desk, conversation.id, 2) == [notice, "answer to: hello"]
    turns = {asked["turn"] for asked in bot.asked}
    assert len(turns) == 1, "the same question under the same name, so that the bot can tell"


async def test_fifty_bubbles_are_cut_and_html_is_no_answer(open_desk: Open, bot: FrailBot) -> None:
    desk = await open_desk(reply_deadline_s=3)
    bot.mode = "bubbles"
    sender = await desk.arrive()
    conversation, _ = await desk.say(sender, "hello")
    assert await until_heard(desk, conversation.id, MAX_MESSAGES) == ["answer to: hello"] * MAX_MESSAGES
    bot.mode = "html"
    await desk.say(sender, "again")
    said = await until_heard(desk, conversation.id, MAX_MESSAGES + 1)
    assert "not responding" in said[-1]
    assert not any("<html>" in text for text in said)


UPLOAD = {"accept": "image/*", "most": 6, "max_bytes": 10_485_760}


def read(upload: object) -> Mapping[str, Any]:
    message = {"text": "Could you send me a picture?", "kind": "form", "upload": upload}
    return as_answer({"turn": "t", "messages": [message], "handoff": None}, "t").messages[0]


@pytest.mark.parametrize("slip", [{"most": 0}, {"most": True}, {"most": 21}, {"accept": "x" * 61}, {"max_bytes": "9"}])
def test_a_slip_in_the_wish_for_pictures_costs_no_answer(slip: dict[str, object]) -> None:
    assert read({**UPLOAD, **slip}) == {"text": "Could you send me a picture?", "kind": "form"}


def test_the_bots_wish_for_pictures_reaches_the_customer() -> None:
    said = read({**UPLOAD, "colour": "red"})
    assert said["upload"] == UPLOAD
    entry = Entry(
        tenant="demo",
        conversation="c",
        seq=2,
        mid="m",
        kind=Kind.MESSAGE,
        audience=Audience.PUBLIC,
        author=Author(AuthorKind.BOT, "", ""),
        body=said,
        client_id=None,
        epoch=0,
        turn=None,
        at=datetime(2026, 11, 22, tzinfo=UTC),
    )
    assert for_customer(entry, {}, "contact")["body"] == said
