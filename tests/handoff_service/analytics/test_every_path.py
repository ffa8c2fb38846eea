"""Signals that no bot tells: while all are down, by buttons, by deadlines and by thumbs; each is in the report once."""

from __future__ import annotations

from typing import Any

import pytest

from handoff_service.analytics.signals import signals_report
from handoff_service.bots.ladder import Ladder
from handoff_service.conversations.opinion import judge
from handoff_service.conversations.sweep import Sweeper
from handoff_service.errors import BotFailed
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.choices import choose, read_choice
from handoff_service.ids import new_id
from tests.handoff_service.conversations.test_turn import Chat, chat  # noqa: F401
from tests.handoff_service.stage import ScriptedBot, answer

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def nobody() -> Ladder:
    return Ladder([ScriptedBot(usually=BotFailed("rasa: down"))], failures=100)


async def counted(talk: Chat) -> list[tuple[Any, ...]]:
    told = await signals_report(talk.database, "demo", days=2, now=talk.clock())
    return [(one["signal"], one["rule"], one["outcome"], one["count"]) for one in told["signals"]]


async def test_a_total_outage_is_seen(chat: Chat, hire: Any) -> None:  # noqa: F811
    """The report of a day on which nothing answered showed no failure at all."""
    await hire("lin")
    async with chat.answered_by(nobody()):
        await chat.say()
        await chat.until_heard(1)
        assert await counted(chat) == [("failed", "no bot answered", "stayed with the bot", 1)]
        chat.clock.advance(chat.settings.reply_deadline_s + 1)
        await Sweeper(chat.database, chat.settings, chat.clock).sweep()
        await chat.until_heard(2)
    assert await counted(chat) == [
        ("failed", "answered by none", "stayed with the bot", 1),
        ("failed", "no answer of the bot within the reply deadline", "waiting", 1),
        ("failed", "no bot answered", "stayed with the bot", 1),
    ]


async def test_the_button_for_a_person_is_counted(chat: Chat, hire: Any) -> None:  # noqa: F811
    await hire("lin")
    await chat.say()
    found = await chat.now()
    asked = read_choice("ask-human", {"op_id": new_id("op")})
    await chat.database.write(lambda tx: choose(tx, chat.sender, found.id, "ask-human", asked, chat.context))
    assert await counted(chat) == [("asked", "pressed: talk to a person", "waiting", 1)]


@pytest.mark.parametrize(
    ("text", "signal", "rule"),
    [
        ("zhuan rengong", "asked", "asks for a person"),
        ("叫你们主管来", "asked", "asked for a senior person"),
        ("you liars", "unhappy", "angry words"),
    ],
)
async def test_the_gateways_own_rules_are_counted(chat: Chat, hire: Any, text: str, signal: str, rule: str) -> None:  # noqa: F811
    await hire("lin")
    async with chat.answered_by(nobody()):
        await chat.say(text)
        await chat.until_heard(1)
    assert await counted(chat) == sorted([("failed", "answered by none", "waiting", 1), (signal, rule, "waiting", 1)])


async def test_of_two_thumbs_the_second_led_to_a_person(chat: Chat, hire: Any) -> None:  # noqa: F811
    await hire("lin")
    async with chat.answered_by(ScriptedBot(usually=answer("Three days."))):
        for number in (1, 2):
            await chat.say(f"question {number}?")
            await chat.until_heard(number)
            found, seq = await chat.now(), max(one.seq for one in await chat.timeline() if one.author.kind == "bot")
            told: dict[str, Any] = {"seq": seq, "value": "down", "comment": "", "context": chat.context}
            await chat.database.write(lambda tx, now=found, how=told: judge(tx, chat.sender, now, **how))
    assert await counted(chat) == [
        ("unhappy", "thumb down", "stayed with the bot", 1),
        ("unhappy", "thumb down", "waiting", 1),
    ]


@pytest.mark.parametrize(
    ("on_duty", "queue"), [(("support", "senior"), "senior"), (("support",), "support"), ((), "senior")]
)
async def test_who_asks_for_a_senior_person_in_words_waits_where_one_is(
    chat: Chat,  # noqa: F811
    hire: Any,
    on_duty: tuple[str, ...],
    queue: str,
) -> None:
    """Only the button led to the senior tier (S45); while nobody of it is there, the front line is not skipped."""
    if on_duty:
        await hire("lin", queues=on_duty)
    async with chat.answered_by(nobody()):
        await chat.say("叫你们主管来")
        await chat.until_heard(1)
    found = await chat.now()
    handoff = await chat.database.read(lambda c: handoffs.find(c, "demo", str(found.handoff)))
    assert (handoff.queue, handoff.priority, handoff.reason) == (queue, 4, "asked")
