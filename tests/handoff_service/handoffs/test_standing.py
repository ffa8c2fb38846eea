"""Place and expected wait in words, for customers on channels that have no page which shows them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from handoff_service import tables
from handoff_service.conversations.model import Conversation
from handoff_service.conversations.sweep import Sweeper
from handoff_service.handoffs import queue, store
from handoff_service.handoffs.wait import standing
from tests.handoff_service.handoffs.floor import Floor

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def on(floor: Floor, channel: str) -> Floor:
    """The same floor, to which customers come by another channel."""

    async def met(**changes: Any) -> Any:
        return replace(await floor.meet(**changes), channel=channel)

    return replace(floor, meet=met)


async def told(floor: Floor, waiting: Conversation) -> list[str]:
    entries = await floor.entries(waiting)
    return [str(one.body["text"]) for one in entries if one.author.kind == "system" and "text" in one.body]


async def said_of_the_queue(floor: Floor, waiting: Conversation) -> str:
    entries = await floor.entries(waiting)
    return next(str(one.body["text"]) for one in entries if one.kind == "state" and "text" in one.body)


@pytest.mark.parametrize(
    ("channel", "language", "said"),
    [
        ("telegram", "en", "I am connecting you with a colleague: you are number 3 in the queue. You can go on"),
        ("wechat", "zh", "正在为您转接人工客服，您排在第 3 位。等待期间"),
        ("email", "zh", "您排在第 3 位"),
        ("web", "en", "I am connecting you with a colleague. You can"),
    ],
)
async def test_who_joins_hears_his_place_where_no_page_shows_it(
    floor: Floor, hire: Any, channel: str, language: str, said: str
) -> None:
    await hire("lin")
    for _ in range(2):
        await floor.waits()
        floor.clock.advance(1)
    _, waiting = await on(floor, channel).waits(language=language)
    assert said in await said_of_the_queue(floor, waiting)
    if channel != "web":
        assert "预计" not in await said_of_the_queue(floor, waiting), "nobody can say how long yet"


async def test_whose_wait_is_long_hears_where_he_stands_by_now(floor: Floor, hire: Any) -> None:
    lin = await hire("lin")
    _, first = await floor.waits()
    floor.clock.advance(1)
    _, waiting = await on(floor, "telegram").waits()
    assert "you are number 2" in await said_of_the_queue(floor, waiting)
    await floor.accept(first, lin)
    for _ in range(30):
        floor.clock.advance(floor.settings.queue_check_s)
        await Sweeper(floor.database, floor.settings, floor.clock).sweep()
    texts = await told(floor, waiting)
    assert [one for one in texts if one.startswith("Sorry for the wait: you are number 1 in the queue.")], texts


async def test_the_wait_is_told_where_it_is_known(
    floor: Floor, hire: Any, rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "ENOUGH_SAMPLES", 1)
    lin = await hire("lin")
    _, first = await floor.waits()
    floor.clock.advance(240)
    await floor.accept(first, lin)
    floor.clock.advance(240)
    _, waiting = await on(floor, "telegram").waits()
    said = await said_of_the_queue(floor, waiting)
    assert "number 1 in the queue, the wait is about " in said
    assert said.count(" min.") == 1
    assert len(await rows(tables.handoffs)) == 2


def test_a_place_too_far_to_be_counted_is_not_told(engine: str) -> None:  # noqa: ARG001
    assert standing(store.FARTHEST - 1, 60.0, "en") == ": you are number 999 in the queue, the wait is about 1 min"
    assert standing(store.FARTHEST, 60.0, "zh") == ""
