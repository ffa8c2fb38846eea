"""The report of signals: counted on the tenant's days, by rule and by what came of them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from handoff_service.analytics import store
from handoff_service.analytics.command import report
from handoff_service.analytics.signals import RECOUNTED, SETTLED, explained, is_fresh, signals_report, tally
from handoff_service.bots.model import Answer
from handoff_service.conversations.opinion import judge
from handoff_service.handoffs.release import close_idle
from handoff_service.tenants.model import BotSettings
from tests.handoff_service.conversations.test_turn import Chat, chat  # noqa: F401
from tests.handoff_service.stage import ScriptedBot, answer, trial_settings, wants_human

# Every statement of these tests still runs on PostgreSQL in those without the mark.
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

SHANGHAI = ZoneInfo("Asia/Shanghai")


def seen(signal: str, rule: str) -> dict[str, Any]:
    return {"signal": signal, "rule": rule, "strength": 0.5, "evidence": {}}


async def play(talk: Chat, *script: Answer) -> None:
    async with talk.answered_by(ScriptedBot(script)):
        for number in range(len(script)):
            before = len(await talk.heard()) if talk.sent else 0
            await talk.say(f"question {number}?")
            await talk.until_heard(before + 1)


async def test_what_was_noticed_is_counted_with_its_outcome(chat: Chat) -> None:  # noqa: F811
    miss = replace(answer("Perhaps."), signals=[seen("unsure", "no hit"), seen("unhappy", "mood")])
    await play(chat, miss, miss, replace(wants_human("unsure"), signals=[seen("unsure", "two misses")]))
    bad = next(e.seq for e in await chat.timeline() if e.author.kind == "bot")
    found = await chat.now()
    await chat.database.write(
        lambda tx: judge(tx, chat.sender, found, seq=bad, value="down", comment="", context=chat.context)
    )
    told = await signals_report(chat.database, "demo", days=2, now=chat.clock())
    lines = [(one["signal"], one["rule"], one["outcome"], one["count"]) for one in told["signals"]]
    assert lines == [
        ("unhappy", "mood", "stayed with the bot", 2),
        ("unhappy", "thumb down", "stayed with the bot", 1),
        ("unsure", "no hit", "stayed with the bot", 2),
        ("unsure", "two misses", "waiting", 1),
    ]
    assert told["totals"]["unsure"] == {"seen": 3, "handed_over": 1}
    assert {one["day"] for one in told["signals"]} == {"2026-11-02"}


async def test_a_closed_handoff_tells_how_it_ended(chat: Chat) -> None:  # noqa: F811
    await play(chat, replace(wants_human("asked"), signals=[seen("asked", "by words")]))
    found = await chat.now()
    await chat.database.write(lambda tx: close_idle(tx, found, chat.context))
    told = await signals_report(chat.database, "demo", days=1, now=chat.clock())
    assert [one["outcome"] for one in told["signals"]] == ["idle"]


async def test_a_day_is_the_tenants(chat: Chat) -> None:  # noqa: F811
    """17:30 in Shanghai; eight hours later it is the next day there."""
    await play(chat, replace(answer("a"), signals=[seen("unsure", "one")]))
    chat.clock.advance(8 * 3600)
    await play(chat, replace(answer("b"), signals=[seen("unsure", "one")]))
    for count, days in ((2, ["2026-11-02", "2026-11-03"]), (1, ["2026-11-03"])):
        told = await signals_report(chat.database, "demo", days=count, now=chat.clock())
        assert [one["day"] for one in told["signals"]] == days


async def test_what_was_counted_of_a_day_is_read_again_and_counted_again_until_it_is_settled(
    chat: Chat,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await play(chat, replace(wants_human("asked"), signals=[seen("asked", "by words")]))
    live = await signals_report(chat.database, "demo", days=366, now=chat.clock())
    await tally(chat.database, chat.clock())
    read: list[str] = []
    listed = store.changed
    monkeypatch.setattr(store, "changed", lambda c, *of, **how: read.append("timelines") or listed(c, *of, **how))
    assert await signals_report(chat.database, "demo", days=366, now=chat.clock()) == live
    await tally(chat.database, chat.clock())
    assert read == [], "a row a day, and no timeline"
    found = await chat.now()
    await chat.database.write(lambda tx: close_idle(tx, found, chat.context))
    chat.clock.advance(RECOUNTED.total_seconds())
    await tally(chat.database, chat.clock())
    later = await signals_report(chat.database, "demo", days=2, now=chat.clock())
    assert [one["outcome"] for one in later["signals"]] == ["idle"]
    over = chat.clock().replace(hour=16, minute=0, second=0, microsecond=0)  # midnight in Shanghai
    day, zone = chat.clock().astimezone(SHANGHAI).date(), SHANGHAI
    counted = over + SETTLED
    assert is_fresh(day, counted, counted + timedelta(days=300), zone)
    assert not is_fresh(day, counted - timedelta(seconds=1), counted + timedelta(days=300), zone)
    assert not is_fresh(day, None, counted, zone)


def test_every_threshold_says_what_it_costs() -> None:
    told = explained(BotSettings(misses=3))
    assert set(told) == set(BotSettings.model_fields)
    assert told["misses"]["value"] == 3
    assert told["tries"]["value"] is None
    assert all(len(one["costs"]) > 40 for one in told.values())


@on_sqlite
async def test_the_command_prints_it(
    chat: Chat,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    await play(chat, replace(answer("a"), signals=[seen("failed", "kb_index is down")]))
    settings = trial_settings(database_url=chat.settings.database_url)
    capsys.readouterr()
    assert await asyncio.to_thread(report, ["signals", "demo", "--days", "3650"], settings) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["totals"]["failed"]["seen"] == 1
    assert await asyncio.to_thread(report, ["signals", "nobody"], settings) == 1
    assert "There is no tenant nobody" in capsys.readouterr().err
