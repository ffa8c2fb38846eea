"""Turns of the bot, carried out by the real worker: answered once, never over a person, never forgotten."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import outbox, tables
from handoff_service.bell import Bell
from handoff_service.bots.ladder import Ladder
from handoff_service.bots.model import Bot
from handoff_service.conversations import store, turn
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Audience, Conversation, Entry, Kind, OwnerKind
from handoff_service.conversations.receive import Sender, receive
from handoff_service.conversations.reply import reply
from handoff_service.conversations.sweep import Sweeper
from handoff_service.conversations.turn import TurnRunner
from handoff_service.database import Database
from handoff_service.errors import BotFailed
from handoff_service.handoffs import assign, release
from handoff_service.outbox import LEASE
from handoff_service.outbox_worker import OutboxWorker
from handoff_service.settings import Settings
from tests.handoff_service.stage import FakeClock, Held, ScriptedBot, answer, wants_human

# Every statement of these tests still runs on PostgreSQL in those without the mark.
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@dataclass
class Chat:
    """A customer's conversation, with the gateway's worker running beside it."""

    database: Database
    bell: Bell
    settings: Settings
    clock: FakeClock
    sender: Sender
    sent: int = 0

    @property
    def context(self) -> Context:
        return Context(self.settings, self.clock())

    async def say(self, text: str = "How long does a refund take?", **body: Any) -> Entry:
        self.sent += 1
        _, entry = await self.database.write(
            lambda tx: receive(
                tx, self.sender, client_id=f"client-{self.sent:02}", body=body or {"text": text}, context=self.context
            )
        )
        return entry

    async def now(self) -> Conversation:
        found = await self.database.read(lambda c: store.current(c, "demo", "web", self.sender.contact))
        assert found is not None
        return found

    async def timeline(self) -> list[Entry]:
        found = await self.now()
        return await self.database.read(lambda c: store.entries_after(c, "demo", found.id, 0))

    async def heard(self) -> list[str]:
        """What bot and system have told the customer."""
        return [
            entry.body["text"]
            for entry in await self.timeline()
            if entry.kind is Kind.MESSAGE and entry.author.kind in ("bot", "system")
        ]

    async def until_heard(self, number: int) -> list[str]:
        async with asyncio.timeout(20):
            while len(heard := await self.heard()) < number:
                await asyncio.sleep(0.01)
        return heard

    async def turns(self) -> list[Any]:
        query = sa.select(tables.turns).order_by(tables.turns.c.started_at, tables.turns.c.id)
        return await self.database.read(lambda c: list(c.execute(query).all()))

    async def until_turns(self, *states: str) -> None:
        async with asyncio.timeout(20):
            while [one.state for one in await self.turns()] != list(states):
                await asyncio.sleep(0.01)

    @contextlib.asynccontextmanager
    async def answered_by(self, bot: Bot) -> AsyncIterator[None]:
        turns = TurnRunner(self.database, bot, self.settings, self.clock)
        worker = OutboxWorker(self.database, self.bell, {"bot": turns}, node="n1", clock=self.clock)
        running = asyncio.create_task(worker.run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def chat(
    database: Database,
    bell: Bell,
    settings: Settings,
    clock: FakeClock,
    arrive: Callable[..., Awaitable[Sender]],
) -> Chat:
    return Chat(database, bell, settings, clock, await arrive())


async def test_a_question_is_answered_under_its_epoch(chat: Chat) -> None:
    bot = ScriptedBot([answer("Three days.", sources=[{"article": "refund-timing"}])])
    async with chat.answered_by(bot):
        await chat.say("How long does a refund take?")
        assert await chat.until_heard(1) == ["Three days."]
    (request,) = bot.requests
    assert (request.text, request.owner, request.phase, request.press) == (
        "How long does a refund take?", "bot", 1, None,
    )  # fmt: skip
    assert [one.state for one in await chat.turns()] == ["posted"]
    idle = chat.clock().timestamp() + chat.settings.bot_idle_s
    assert (await chat.now()).deadline_at.timestamp() == idle


@on_sqlite
async def test_the_bot_is_told_what_was_said_before(chat: Chat) -> None:
    bot = ScriptedBot([answer(f"answer {number}") for number in range(5)])
    async with chat.answered_by(bot):
        for number in range(5):
            await chat.say(f"question {number}")
            await chat.until_heard(number + 1)
    said = bot.requests[-1].context
    assert [line["text"] for line in said] == [
        "question 1", "answer 1", "question 2", "answer 2", "question 3", "answer 3",
    ]  # fmt: skip
    assert [line["author"] for line in said] == ["customer", "bot"] * 3


async def test_an_answer_that_comes_after_the_claim_is_suppressed(chat: Chat, hire: Any) -> None:
    """I11, F-70: the moment an agent owns the conversation the bot is silent, and the turn says why."""
    held = Held(answer("too late"))
    async with chat.answered_by(ScriptedBot([held])):
        await chat.say()
        await asyncio.wait_for(held.asked.wait(), 20)
        lin, found = await hire("lin"), await chat.now()
        await chat.database.write(lambda tx: assign.take_over(tx, found.id, lin, found.epoch, chat.context))
        held.go.set()
        await chat.until_turns("suppressed")
    assert await chat.heard() == []
    assert await chat.database.read(lambda c: outbox.pending(c, "demo", found.id, "bot")) is None


@on_sqlite
async def test_a_handoff_that_comes_after_the_claim_is_suppressed_too(chat: Chat, hire: Any) -> None:
    held = Held(wants_human())
    async with chat.answered_by(ScriptedBot([held])):
        await chat.say()
        await asyncio.wait_for(held.asked.wait(), 20)
        lin, found = await hire("lin"), await chat.now()
        await chat.database.write(lambda tx: assign.take_over(tx, found.id, lin, found.epoch, chat.context))
        held.go.set()
        await chat.until_turns("suppressed")
    assert (await chat.now()).owner.agent == lin.id


@on_sqlite
async def test_a_turn_from_before_a_human_episode_is_suppressed_after_it(chat: Chat, hire: Any) -> None:
    """What it thought of before is out of place; what the agent left unanswered it is asked afresh."""
    held = Held(answer("from before"))
    async with chat.answered_by(ScriptedBot([held, answer("afresh")])):
        await chat.say()
        await asyncio.wait_for(held.asked.wait(), 20)
        lin, found = await hire("lin"), await chat.now()
        await chat.database.write(lambda tx: assign.take_over(tx, found.id, lin, 1, chat.context))
        await chat.database.write(lambda tx: release.give_back(tx, found.id, lin, 2, chat.context))
        held.go.set()
        assert await chat.until_heard(1) == ["afresh"]
        await asyncio.sleep(0.1)
    assert await chat.heard() == ["afresh"]
    assert (await chat.now()).phase == 2


@on_sqlite
async def test_what_an_agent_left_unanswered_the_bot_answers_and_nothing_else(chat: Chat, hire: Any) -> None:
    """A turn from before the human episode hangs on; the agent has answered its question meanwhile."""
    held, lin = Held(answer("answered by the agent already")), await hire("lin")
    bot = ScriptedBot([held, answer("Here is the invoice.")])
    async with chat.answered_by(bot):
        await chat.say("where is my order")
        await asyncio.wait_for(held.asked.wait(), 20)
        found = await chat.now()
        await chat.database.write(lambda tx: assign.take_over(tx, found.id, lin, 1, chat.context))
        await chat.database.write(
            lambda tx: reply(
                tx, lin, found.id, client_id="agent-001", body={"text": "It arrives today."}, epoch=2,
                audience=Audience.PUBLIC, context=chat.context,
            )
        )  # fmt: skip
        await chat.say("and my invoice?")
        await chat.database.write(lambda tx: release.give_back(tx, found.id, lin, 2, chat.context))
        assert await chat.until_heard(1) == ["Here is the invoice."]
        held.go.set()
        await chat.until_turns("failed", "posted")
        await asyncio.sleep(0.05)
    assert [request.text for request in bot.requests] == ["where is my order", "and my invoice?"]
    assert await chat.heard() == ["Here is the invoice."]


@on_sqlite
async def test_a_conversation_that_the_agent_has_dealt_with_is_given_back_in_silence(chat: Chat, hire: Any) -> None:
    lin, bot = await hire("lin"), ScriptedBot()
    await chat.say("where is my order")
    found = await chat.now()
    await chat.database.write(lambda tx: assign.take_over(tx, found.id, lin, 1, chat.context))
    await chat.database.write(
        lambda tx: reply(
            tx, lin, found.id, client_id="agent-001", body={"text": "It arrives today."}, epoch=2,
            audience=Audience.PUBLIC, context=chat.context,
        )
    )  # fmt: skip
    await chat.database.write(lambda tx: release.give_back(tx, found.id, lin, 2, chat.context))
    async with chat.answered_by(bot):
        await asyncio.sleep(0.1)
    assert bot.requests == []
    idle = chat.clock().timestamp() + chat.settings.bot_idle_s
    assert (await chat.now()).deadline_at.timestamp() == idle


async def test_a_question_from_the_queue_is_answered_after_the_customer_left_it(chat: Chat, hire: Any) -> None:
    """The answer under the queue's epoch is out of date, the question is not."""
    await hire("lin")
    held = Held(answer("interim, too late"))
    bot = ScriptedBot([wants_human(), held, answer("Three days.")])
    async with chat.answered_by(bot):
        await chat.say("what about my case")
        await chat.until_turns("posted")
        await chat.say("how long does a refund take?")
        await asyncio.wait_for(held.asked.wait(), 20)
        waiting = await chat.now()
        await chat.database.write(lambda tx: release.solved(tx, waiting, chat.sender.author, chat.context))
        held.go.set()
        assert (await chat.until_heard(2))[1:] == ["Three days."]
        await chat.until_turns("posted", "suppressed", "posted")
    assert [request.owner for request in bot.requests] == ["bot", "queue", "bot"]


@on_sqlite
async def test_messages_during_a_turn_get_one_next_turn(chat: Chat) -> None:
    """F-71: turns are serial; what came meanwhile is answered together, in order, once."""
    held = Held(answer("first"))
    bot = ScriptedBot([held, answer("second")])
    async with chat.answered_by(bot):
        await chat.say("one")
        await asyncio.wait_for(held.asked.wait(), 20)
        for text in ("two", "three", "four"):
            await chat.say(text)
        held.go.set()
        assert await chat.until_heard(2) == ["first", "second"]
        await chat.until_turns("posted", "posted")
        await asyncio.sleep(0.1)
    assert [request.text for request in bot.requests] == ["one", "two\nthree\nfour"]


@on_sqlite
async def test_while_more_is_unanswered_the_reply_deadline_runs_from_the_last_answer(chat: Chat) -> None:
    first, second = Held(answer("first")), Held(answer("second"))
    async with chat.answered_by(ScriptedBot([first, second])):
        await chat.say("one")
        await asyncio.wait_for(first.asked.wait(), 20)
        chat.clock.advance(20)
        await chat.say("two")
        first.go.set()
        await asyncio.wait_for(second.asked.wait(), 20)
        expected = chat.clock().timestamp() + chat.settings.reply_deadline_s
        assert (await chat.now()).deadline_at.timestamp() == expected


@on_sqlite
async def test_a_slow_bot_says_one_moment_once_and_then_answers(chat: Chat) -> None:
    """F-69: slow is not down."""
    chat.settings = chat.settings.model_copy(update={"bot_soft_s": 0.05})
    held = Held(answer("Here it is."))
    async with chat.answered_by(ScriptedBot([held])):
        await chat.say()
        (notice,) = await chat.until_heard(1)
        await asyncio.sleep(0.2)
        assert await chat.heard() == [notice], "said once, however long it takes"
        held.go.set()
        assert await chat.until_heard(2) == [notice, "Here it is."]
    assert "moment" in notice


@on_sqlite
async def test_when_every_bot_fails_the_question_is_kept_and_answered_later(chat: Chat, hire: Any) -> None:
    """F-68: a bot that is restarted loses nothing, answers once, and fills no queue."""
    await hire("lin")
    rasa = ScriptedBot(usually=BotFailed("rasa: down"))
    async with chat.answered_by(Ladder([rasa, ScriptedBot(usually=BotFailed("search: down"))], failures=100)):
        await chat.say()
        (notice,) = await chat.until_heard(1)
        for tries in (2, 3, 4):
            chat.clock.advance(chat.settings.reply_deadline_s / 10)
            chat.bell.ring_all()
            await chat.until_turns(*["failed"] * tries)
        assert await chat.heard() == [notice], "said once, however often the bots are asked"
        assert (await chat.turns())[-1].errors == ["rasa: down; search: down"]
        rasa.usually = answer("Three days.")
        chat.clock.advance(chat.settings.reply_deadline_s / 10)
        chat.bell.ring_all()
        assert await chat.until_heard(2) == [notice, "Three days."]
    assert (await chat.now()).owner.kind is OwnerKind.BOT
    assert len({request.turn for request in rasa.requests}) == 1, "the bot can tell that it is the same question"


async def test_who_waits_for_a_bot_that_is_down_and_asks_for_a_person_gets_one_at_once(chat: Chat, hire: Any) -> None:
    await hire("lin")
    async with chat.answered_by(Ladder([ScriptedBot(usually=BotFailed("rasa: down"))])):
        await chat.say()
        await chat.until_heard(1)
        await chat.say("let me talk to a person")
        await chat.until_turns("failed", "posted")
    found = await chat.now()
    assert found.owner.kind is OwnerKind.QUEUE
    states = [entry.body["event"] for entry in await chat.timeline() if entry.kind is Kind.STATE]
    assert states == ["opened", "asked"]


@on_sqlite
async def test_who_has_waited_too_long_for_a_bot_that_is_down_goes_to_people(chat: Chat, hire: Any) -> None:
    await hire("lin")
    async with chat.answered_by(Ladder([ScriptedBot(usually=BotFailed("rasa: down"))])):
        await chat.say()
        await chat.until_heard(1)
        chat.clock.advance(chat.settings.reply_deadline_s + 1)
        await Sweeper(chat.database, chat.settings, chat.clock).sweep()
        await chat.until_turns("failed", "posted")
        heard = await chat.until_heard(2)
    assert (await chat.now()).owner.kind is OwnerKind.QUEUE
    assert "colleague" in heard[1], "the bot says in the queue that a colleague will take it, and asks no more"


@on_sqlite
async def test_an_agent_who_gives_back_what_only_a_notice_answered_leaves_it_to_the_bot(chat: Chat, hire: Any) -> None:
    """ "One moment" is not an answer: the question was dropped with it when an agent looked in between."""
    lin = await hire("lin")
    rasa = ScriptedBot(usually=BotFailed("rasa: down"))
    async with chat.answered_by(Ladder([rasa], failures=100)):
        await chat.say("How long does a refund take?")
        await chat.until_heard(1)
        chat.clock.advance(chat.settings.reply_deadline_s + 1)
        await Sweeper(chat.database, chat.settings, chat.clock).sweep()
        await chat.until_heard(2)
        found = await chat.now()
        taken = await chat.database.write(lambda tx: assign.accept(tx, str(found.handoff), lin, chat.context))
        rasa.usually = answer("Three days.")
        await chat.database.write(lambda tx: release.give_back(tx, found.id, lin, taken.epoch, chat.context))
        assert (await chat.until_heard(3))[2] == "Three days."


@on_sqlite
async def test_the_bots_wish_for_a_person_carries_its_evidence(chat: Chat, hire: Any, rows: Any) -> None:
    await hire("lin")
    async with chat.answered_by(ScriptedBot([wants_human("unhappy", priority=8, rule="mood>=0.8", unhappy=0.93)])):
        entry = await chat.say("you are all thieves")
        await chat.until_turns("posted")
    (handoff,) = await rows(tables.handoffs)
    assert (handoff["reason"], handoff["priority"]) == ("unhappy", 8)
    assert handoff["evidence"]["asked_at"] == entry.seq
    assert handoff["evidence"]["unhappy"] == 0.93
    timeline = await chat.timeline()
    assert [entry.author.kind for entry in timeline[-2:]] == ["bot", "bot"], "the words first, then the move"
    assert handoff["requested_seq"] == timeline[-1].seq


async def test_a_turn_that_crashed_is_answered_once_by_the_next_process(chat: Chat, engine: str) -> None:
    """On SQLite the next process knows that it is alone and begins at once; replicas wait for the lease to run out."""
    crashed, zombie = Held(answer("from the dead")), ScriptedBot([])
    zombie.script = [crashed]
    await chat.say()
    turns = TurnRunner(chat.database, zombie, chat.settings, chat.clock)
    (job,) = await chat.database.write(lambda tx: outbox.lease(tx, "n0", chat.clock(), destinations=["bot"], limit=1))
    late = asyncio.create_task(turns(job))
    await asyncio.wait_for(crashed.asked.wait(), 20)
    async with chat.answered_by(ScriptedBot([answer("alive")])):
        if engine == "postgresql":
            await asyncio.sleep(0.05)
            assert await chat.heard() == []
            chat.clock.advance(LEASE.total_seconds() + 1)
            chat.bell.ring(outbox.OUTBOX_TOPIC)
        assert await chat.until_heard(1) == ["alive"]
        crashed.go.set()
        await late
        await chat.until_turns("failed", "posted")
    assert await chat.heard() == ["alive"], "the process that everybody took for dead must not answer again"


@on_sqlite
async def test_a_bot_with_a_bug_is_asked_again_and_then_a_person_takes_over(chat: Chat, hire: Any) -> None:
    """The job loop puts the row back; the reply deadline still brings the customer to people."""
    await hire("lin")
    bot = ScriptedBot(usually=RuntimeError("bug"))
    async with chat.answered_by(bot):
        await chat.say()
        async with asyncio.timeout(20):
            while not bot.requests:
                await asyncio.sleep(0.01)
        chat.clock.advance(chat.settings.reply_deadline_s + 1)
        await Sweeper(chat.database, chat.settings, chat.clock).sweep()
    assert (await chat.now()).owner.kind is OwnerKind.QUEUE
    assert [entry.body["event"] for entry in await chat.timeline() if entry.kind is Kind.STATE] == [
        "opened",
        "reply_timeout",
    ]


@on_sqlite
async def test_in_the_queue_the_bot_helps_on_and_the_place_is_kept(chat: Chat, hire: Any, rows: Any) -> None:
    await hire("lin")
    bot = ScriptedBot([wants_human(), answer("By the way: three days."), wants_human("asked")])
    async with chat.answered_by(bot):
        await chat.say("what about my case")
        await chat.until_turns("posted")
        (before,) = await rows(tables.handoffs)
        await chat.say("how long does a refund take?")
        await chat.until_turns("posted", "posted")
        await chat.say("a person please")
        await chat.until_turns("posted", "posted", "posted")
    assert bot.requests[1].owner == "queue"
    assert await rows(tables.handoffs) == [before], "no second handoff, the same rank"
    found = await chat.now()
    assert (found.owner.kind, found.epoch) == (OwnerKind.QUEUE, 2)
    interim = [entry.body.get("interim", False) for entry in await chat.timeline() if entry.author.kind == "bot"]
    assert interim == [False, False, True, True]


@on_sqlite
async def test_a_pressed_button_means_what_our_own_log_says(chat: Chat) -> None:
    """Customers only send which button; a payload of their own is never looked at."""
    payload = '/choose_article{"article": "refund-timing"}'
    buttons = [{"title": "Refund time", "payload": payload}, {"title": "Refund way", "payload": "/other"}]
    bot = ScriptedBot([answer("Which one?", kind="clarify", buttons=buttons), answer("Three days.")])
    async with chat.answered_by(bot):
        await chat.say("refund")
        await chat.until_heard(1)
        asked = (await chat.timeline())[-1].seq
        await chat.say(press={"seq": asked, "index": 0})
        await chat.until_heard(2)
        await chat.say("/choose_article{}")
        await chat.until_heard(3)
    assert [(request.text, request.press) for request in bot.requests[1:]] == [
        ("Refund time", payload),
        ("/choose_article{}", None),
    ]


@on_sqlite
async def test_a_press_among_other_messages_is_a_turn_of_its_own(chat: Chat) -> None:
    """Joined with what was typed before and after it, its meaning would be lost."""
    buttons = [{"title": "Talk to a person", "payload": "/ask_human"}]
    held = Held(answer("one"))
    bot = ScriptedBot([answer("Shall I?", buttons=buttons), held, *[answer("next")] * 3])
    async with chat.answered_by(bot):
        await chat.say("zero")
        await chat.until_heard(1)
        asked = (await chat.timeline())[-1].seq
        await chat.say("one")
        await asyncio.wait_for(held.asked.wait(), 20)
        await chat.say("two")
        await chat.say(press={"seq": asked, "index": 0})
        await chat.say("hello?")
        held.go.set()
        await chat.until_heard(5)
    assert [(request.text, request.press) for request in bot.requests[2:]] == [
        ("two", None),
        ("Talk to a person", "/ask_human"),
        ("hello?", None),
    ]


@on_sqlite
async def test_what_waits_for_the_bot_is_dropped_when_a_person_has_taken_over(chat: Chat, hire: Any) -> None:
    await chat.say()
    lin = await hire("lin")
    found = await chat.now()
    await chat.database.write(lambda tx: assign.take_over(tx, found.id, lin, 1, chat.context))
    begun = await chat.database.write(lambda tx: turn.begin(tx, "demo", found.id, chat.clock()))
    assert begun is None
    assert await chat.turns() == []
    assert await chat.database.read(lambda c: outbox.pending(c, "demo", found.id, "bot")) is None


@on_sqlite
async def test_language_and_mood_follow_what_the_bot_understood(chat: Chat) -> None:
    understanding = {"language": "zh", "mood": {"unhappy": 0.4}, "hits": [], "decision": {"action": "answer"}}

    async def understood(_: Any) -> Any:
        said = answer("三天。")
        return type(said)(said.messages, None, {}, understanding)

    async with chat.answered_by(ScriptedBot([understood])):
        await chat.say("多久能退款")
        await chat.until_heard(1)
    found = await chat.now()
    assert (found.language, found.mood) == ("zh", 0.4)
