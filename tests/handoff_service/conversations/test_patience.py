"""Several quick messages get one answer; who writes slowly, or says it in one message, notices nothing of it."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from handoff_service import outbox, tables
from handoff_service.bell import typing_topic
from handoff_service.clock import utc_now
from handoff_service.conversations.model import BOT, Audience, Author, AuthorKind, Entry, Kind
from handoff_service.conversations.patience import Patience, hold_until, is_urgent
from handoff_service.conversations.turn import TurnRunner
from handoff_service.outbox_worker import OutboxWorker
from tests.handoff_service.conversations.test_turn import Chat, chat  # noqa: F401
from tests.handoff_service.stage import MONDAY, ScriptedBot, answer, trial_settings

PATIENCE = Patience(1.2, 4.0)
CUSTOMER = Author(AuthorKind.CUSTOMER, "k_1", "Ann")
UNDER_WAY = sa.select(tables.outbox.c.id).where(tables.outbox.c.state == "leased")
COMPLETE = (
    "多久能退款?", "怎么修改收货地址", "我的订单到哪了", "谢谢", "好的", "我昨天买的鞋子尺码不对想换一双",
    "LY20261101001", "转人工", "How long does a refund take?", "where is my order", "thanks", "yes",
)  # fmt: skip
UNFINISHED = (
    "你好", "您好,请问一下", "在吗", "我想问一下", "我的订单", "因为", "昨天买的鞋子,", "我要退款，但是",
    "hi", "Hello there", "quick question", "my order", "I ordered shoes yesterday and", "the thing is,",
)  # fmt: skip


def entry(seq: int, text: str, at: datetime, *, author: Author = CUSTOMER, **body: object) -> Entry:
    return Entry(
        tenant="demo", conversation="c_1", seq=seq, mid=f"m_{seq}", kind=Kind.MESSAGE, audience=Audience.PUBLIC,
        author=author, body={"text": text, **body}, client_id=None, epoch=1, turn=None, at=at,
    )  # fmt: skip


def held_for(said: Sequence[Entry], *, after: float = 0.0, typing: float | None = None) -> float:
    """Seconds from the last message until the bot looks again, when it looks `after` seconds; 0.0: it answers."""
    now = said[-1].at + timedelta(seconds=after)
    mine = [
        one
        for one in said
        if one.author is CUSTOMER and one.seq > max((s.seq for s in said if s.author is BOT), default=0)
    ]
    typing_at = None if typing is None else said[-1].at + timedelta(seconds=typing)
    until = hold_until(said, mine, PATIENCE, now=now, typing_at=typing_at)
    return 0.0 if until is None else (until - said[-1].at).total_seconds()


@pytest.mark.parametrize("text", COMPLETE)
def test_who_says_it_in_one_message_does_not_wait(text: str) -> None:
    assert held_for([entry(1, text, MONDAY)]) == 0.0


@pytest.mark.parametrize("text", UNFINISHED)
def test_what_looks_unfinished_is_given_a_moment(text: str) -> None:
    assert held_for([entry(1, text, MONDAY)]) == PATIENCE.quiet_s
    assert held_for([entry(1, text, MONDAY)], after=PATIENCE.quiet_s) == 0.0, "and no more than that"


def test_a_short_answer_to_a_question_of_the_bot_is_complete() -> None:
    asked = entry(1, "请提供订单号后四位", MONDAY, author=BOT, kind="form")
    assert held_for([asked, entry(2, "退货", MONDAY)]) == 0.0
    assert held_for([asked, entry(2, "等一下,", MONDAY)]) == PATIENCE.quiet_s


def test_what_follows_closely_waits_for_more_half_as_long_after_a_full_stop() -> None:
    first = entry(1, "我昨天买的鞋子尺码不对想换一双", MONDAY)
    answered = entry(2, "可以换货。", MONDAY + timedelta(seconds=0.1), author=BOT, kind="answer")
    close = entry(3, "多久能换好?", MONDAY + timedelta(seconds=1))
    later = entry(3, "多久能换好?", MONDAY + timedelta(seconds=8))
    assert held_for([first, close]) == held_for([first, answered, close]) == PATIENCE.quiet_s / 2
    assert held_for([first, entry(3, "LY20261101001", close.at)]) == PATIENCE.quiet_s
    assert held_for([first, answered, later]) == 0.0, "a slow typist"


def test_typing_is_waited_for_but_not_for_ever() -> None:
    said = [entry(1, "我想问一下", MONDAY)]
    assert held_for(said, after=1.2, typing=0.4) == pytest.approx(3.6)
    assert held_for(said, after=3.6, typing=3.4) == PATIENCE.most_s
    assert held_for(said, after=4.0, typing=3.9) == 0.0
    assert held_for(said, after=1.2, typing=-0.4) == 0.0, "that was for the message that has come"


def test_a_button_and_the_wish_for_a_person_never_wait() -> None:
    pressed = entry(2, "退货,", MONDAY, pressed={"seq": 1, "index": 0})
    assert is_urgent(pressed)
    assert held_for([entry(1, "你好", MONDAY), pressed]) == 0.0
    assert held_for([entry(1, "你好", MONDAY), entry(2, "转人工", MONDAY)]) == 0.0


def test_pictures_that_come_one_by_one_get_one_answer() -> None:
    """Five were sent when a task asked for evidence; the bot answered the first, and asked its next question twice."""
    asked = entry(1, "请发照片", MONDAY, author=BOT, kind="form")
    pictures = [
        entry(2 + n, "a.png", MONDAY + timedelta(seconds=n), file={"id": f"f{n}", "name": "a.png"}) for n in range(3)
    ]
    assert [held_for([asked, *pictures[: n + 1]]) for n in range(3)] == [PATIENCE.quiet_s] * 3


def test_zero_switches_it_off_and_a_clock_that_is_ahead_keeps_nobody() -> None:
    off = Patience(0.0, 4.0)
    said = [entry(1, "你好", MONDAY)]
    assert hold_until(said, said, off, now=MONDAY) is None
    ahead = [entry(1, "你好", MONDAY + timedelta(minutes=10))]
    until = hold_until(ahead, ahead, PATIENCE, now=MONDAY)
    assert until is not None
    assert until - MONDAY <= timedelta(seconds=PATIENCE.most_s)


@pytest.fixture
def engine() -> str:
    """The rule does not depend on the engine; the race below plays on the embedded one."""
    return "sqlite"


@contextlib.asynccontextmanager
async def answering(talk: Chat, bot: ScriptedBot) -> AsyncIterator[None]:
    """Answered with patience, on the clock of the chat."""
    runner = TurnRunner(talk.database, bot, talk.settings, talk.clock, bell=talk.bell)
    worker = OutboxWorker(talk.database, talk.bell, {"bot": runner}, node="n1", clock=talk.clock)
    running = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def pass_by(talk: Chat, seconds: float, *, step: float = 0.1) -> None:
    """Virtual time passes; at each step the worker is woken as its own timers would, and may act."""
    for _ in range(round(seconds / step)):
        talk.clock.advance(step)
        talk.bell.ring(outbox.outbox_topic("bot"))
        await settled(talk)


async def settled(talk: Chat) -> None:
    """Until nothing is due or under way at this moment of virtual time."""
    for _ in range(200):
        await asyncio.sleep(0.002)
        due = await talk.database.read(lambda c: outbox.any_due(c, talk.clock(), ["bot"]))
        leased = await talk.database.read(lambda c: c.execute(UNDER_WAY).all())
        if not due and not leased:
            return
        talk.bell.ring(outbox.outbox_topic("bot"))
    raise AssertionError("the worker does not come to rest")


@pytest.fixture
def patient(chat: Chat) -> Chat:  # noqa: F811
    chat.settings = trial_settings(bot_quiet_s=1.2)
    return chat


async def test_quick_messages_get_one_answer(patient: Chat) -> None:
    bot = ScriptedBot(usually=answer("Sure."))
    async with answering(patient, bot):
        for text, gap in (("你好", 0.9), ("我的订单", 1.1), ("LY20261101001", 0.8), ("到哪了?", 0.0)):
            await patient.say(text)
            await settled(patient)
            await pass_by(patient, gap)
        await pass_by(patient, 2.0)
    assert [request.text for request in bot.requests] == ["你好\n我的订单\nLY20261101001\n到哪了?"]
    assert await patient.heard() == ["Sure."]


async def test_a_slow_typist_notices_nothing(patient: Chat) -> None:
    """One message every eight seconds, typing in between: each is answered at the moment at which it comes."""
    bot = ScriptedBot()
    texts = ("我上周五买了一台电视", "送来的时候屏幕是碎的", "你们能给我换一台吗", "谢谢")
    async with answering(patient, bot):
        for number, text in enumerate(texts, 1):
            await patient.say(text)
            await settled(patient)
            assert len(bot.requests) == number, "without any time passing"
            for _ in range(4):
                await pass_by(patient, 2.0)
                conversation = await patient.now()
                told = {"session": "s", "author": {"kind": "customer", "name": "Ann"}}
                patient.bell.tell(typing_topic("demo", conversation.id), told)
    assert [request.text for request in bot.requests] == list(texts)


async def test_typing_holds_the_answer_back(patient: Chat) -> None:
    bot = ScriptedBot()
    async with answering(patient, bot):
        await patient.say("我想问一下")
        await settled(patient)
        conversation = await patient.now()
        await pass_by(patient, 0.5)
        told = {"session": "s", "author": {"kind": "customer", "name": "Ann"}}
        patient.bell.tell(typing_topic("demo", conversation.id), told)
        await pass_by(patient, 2.0)
        assert bot.requests == [], "he types"
        await patient.say("怎么修改收货地址?")
        await pass_by(patient, 1.4)
    assert [request.text for request in bot.requests] == ["我想问一下\n怎么修改收货地址?"]


async def test_the_wish_for_a_person_interrupts_the_waiting(patient: Chat) -> None:
    bot = ScriptedBot()
    async with answering(patient, bot):
        await patient.say("你好")
        await settled(patient)
        await patient.say("转人工")
        await settled(patient)
        assert [request.text for request in bot.requests] == ["你好\n转人工"], "without any time passing"


async def test_a_held_message_is_answered_when_the_process_dies(patient: Chat) -> None:
    """The hold is a row with a moment, not a timer in memory."""
    first, second = ScriptedBot(), ScriptedBot()
    async with answering(patient, first):
        await patient.say("你好")
        await settled(patient)
    patient.clock.advance(1.3)
    async with answering(patient, second):
        await settled(patient)
    assert (first.requests, [request.text for request in second.requests]) == ([], ["你好"])


@pytest.mark.parametrize("seed", range(3))
async def test_every_message_is_answered_once_whatever_the_pauses(patient: Chat, seed: int) -> None:
    """Messages race with the real timers of two workers: each one is in exactly one turn, in order."""
    patient.settings = trial_settings(bot_quiet_s=0.08, bot_quiet_most_s=0.25)
    patient.clock = utc_now  # type: ignore[assignment]
    bot, chance = ScriptedBot(), random.Random(seed)
    texts = [f"{chance.choice(('你好', '我的订单', '怎么退款?', '昨天,'))}{number}" for number in range(12)]
    async with answering(patient, bot), answering(patient, bot):
        for text in texts:
            await patient.say(text)
            await asyncio.sleep(chance.choice((0.0, 0.01, 0.05, 0.1, 0.15)))
        async with asyncio.timeout(20):
            while sum(len(request.text.splitlines()) for request in bot.requests) < len(texts):
                await asyncio.sleep(0.02)
    asked = [line for request in bot.requests for line in request.text.splitlines()]
    assert asked == texts
    assert len(bot.requests) < len(texts), "some were held together"
    assert len(await patient.heard()) == len(bot.requests)
