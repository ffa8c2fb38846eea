"""Ladders of many at once: a team that works is not called for help, and one that cannot be climbed hides nobody."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents.model import Agent
from handoff_service.calls import climb as climbing
from handoff_service.calls import store as calls
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation
from handoff_service.conversations.sweep import Sweeper
from handoff_service.handoffs import assign
from tests.handoff_service.calls.test_alarm import Night, mail_server, night  # noqa: F401 (fixtures)
from tests.handoff_service.calls.test_climb import Shift, shift, waits  # noqa: F401 (fixtures)

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


async def rungs(shift: Shift, waiting: Conversation) -> list[str]:  # noqa: F811
    return [rung for rung, *_ in await shift.told(waiting)]


async def takes(shift: Shift, agent: Agent, waiting: Conversation) -> None:  # noqa: F811
    context = Context(shift.settings, shift.clock())
    await shift.database.write(lambda tx: assign.accept(tx, str(waiting.handoff), agent, context))


async def comes_in(shift: Shift, waits: Any, people: int) -> list[Conversation]:  # noqa: F811
    """So many who wait, one after the other."""
    line = []
    for _ in range(people):
        line.append(await waits())
        shift.clock.advance(0.1)
    return line


async def test_who_takes_one_after_the_other_is_no_empty_team(shift: Shift, hire: Any, waits: Any) -> None:  # noqa: F811
    lin = await hire("lin", capacity=20)
    line = await comes_in(shift, waits, 8)
    for number in range(4):
        await shift.passes(15)
        await takes(shift, lin, line[number])
    assert [await rungs(shift, one) for one in line[4:]] == [["queued"]] * 4
    await shift.passes(20)
    assert [await rungs(shift, one) for one in line[4:]] == [["queued", "supervisor"]] * 4, "now nobody takes any"
    await shift.passes(40)
    assert [(await rungs(shift, one))[-1] for one in line[4:]] == ["ticket"] * 4


async def test_who_is_passed_over_is_called_for_all_the_same(shift: Shift, hire: Any, waits: Any) -> None:  # noqa: F811
    lin = await hire("lin", capacity=20)
    line = await comes_in(shift, waits, 5)
    for one in line[1:]:
        await shift.passes(15)
        await takes(shift, lin, one)
    assert await rungs(shift, line[0]) == ["queued", "supervisor", "outside", "ticket"]


async def test_of_a_crowd_one_mail_is_written(
    night: Night,  # noqa: F811
    waits: Any,  # noqa: F811
    rows: Any,
) -> None:
    crowd = [await waits() for _ in range(6)]
    assert await night.passes(45) == ["chen@lanyu.example"]
    assert await night.passes(120) == []
    assert len(await rows(tables.tickets)) == len(crowd), "each has his promise"


async def test_the_one_written_about_is_taken_and_the_mail_is_about_the_next(
    night: Night,  # noqa: F811
    waits: Any,  # noqa: F811
    hire: Any,
) -> None:
    first, second = await waits(), await waits()
    await night.shift.passes(40)
    await takes(night.shift, await hire("maya"), first)
    await night.mail()
    ((_, mail),) = night.server.mails
    assert second.id in mail.get_content()


async def test_a_clock_that_was_ahead_stops_no_queue(shift: Shift, hire: Any, waits: Any) -> None:  # noqa: F811
    await hire("lin", capacity=3)
    waiting = await waits()
    ahead = shift.clock() + timedelta(hours=1)
    await shift.database.write(lambda tx: calls.note_full(tx.connection, "demo", "support", ahead))
    await shift.database.write(
        lambda tx: tx.connection.execute(sa.update(tables.conversations).values(ladder_at=ahead))
    )
    await shift.passes(150)
    assert await rungs(shift, waiting) == ["queued", "supervisor", "outside", "ticket"]


async def test_a_ladder_that_may_be_shown_any_moment_is_not_always_due(shift: Shift, hire: Any, waits: Any) -> None:  # noqa: F811
    await hire("lin")
    await waits()
    shift.settings = shift.settings.model_copy(update={"notify_s": 60.0, "take_s": 20.0})
    shift.sweepers = [Sweeper(shift.database, shift.settings, shift.clock)]
    await shift.passes(25)
    context = Context(shift.settings, shift.clock())
    assert (await shift.database.read(lambda c: climbing.overlooked(c, context))).due == []


async def test_a_ladder_that_cannot_be_climbed_hides_nobody(
    shift: Shift,  # noqa: F811
    hire: Any,
    waits: Any,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await hire("lin")
    monkeypatch.setattr(climbing, "MOST_STEPS", 3)
    broken = [(await waits()).id for _ in range(3)]
    shift.clock.advance(2)
    waiting = await waits()
    climb = climbing._step
    tried: Counter[str] = Counter()

    def step(tenant: Any, conversation: Conversation, *rest: Any) -> Any:
        tried[conversation.id] += 1
        if conversation.id in broken:
            raise ValueError("nobody can read this one")
        return climb(tenant, conversation, *rest)

    monkeypatch.setattr(climbing, "_step", step)
    for _ in range(16):
        shift.clock.advance(5)
        await Sweeper(shift.database, shift.settings, shift.clock).sweep()
    assert await rungs(shift, waiting) == ["queued", "supervisor", "outside", "ticket"]
    assert {tried[one] for one in broken} == {4}, "they are tried again, but not all the time"
