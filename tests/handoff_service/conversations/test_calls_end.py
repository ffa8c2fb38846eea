"""Every call has an end in the timeline: a new owner, a minute without an answer, or somebody who hangs up late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from handoff_service.agents.model import Agent
from handoff_service.conversations import store
from handoff_service.conversations.model import AuthorKind, Conversation, OwnerKind
from handoff_service.database import Database
from handoff_service.errors import Conflict
from handoff_service.handoffs import release
from handoff_service.handoffs.assign import as_author
from handoff_service.settings import Settings
from handoff_service.video import commands
from handoff_service.video.model import RINGS
from tests.handoff_service.conversations.test_sweep import Desk
from tests.handoff_service.stage import FakeClock

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


class Line(Desk):
    """A desk whose agent rings the customer of a conversation that is his."""

    agent: Agent
    held: Conversation

    async def ring(self, media: str = "video") -> str:
        held = self.held
        entry = await self.database.write(
            lambda tx: commands.ring(tx, held.id, self.agent, held.epoch, media, self.context)
        )
        return str(entry.body["call"]["id"])

    async def does(self, work: Callable[[Any, Conversation], Any]) -> Any:
        return await self.database.write(
            lambda tx: work(tx, store.find(tx.connection, "demo", self.held.id, lock=True))
        )

    async def calls(self) -> list[dict[str, Any]]:
        """What the timeline says of calls, with who said it."""
        entries = await self.database.read(lambda c: store.entries_after(c, "demo", self.held.id, 0))
        return [{**one.body["call"], "by": one.author.kind} for one in entries if "call" in one.body]


@pytest.fixture
async def line(database: Database, settings: Settings, clock: FakeClock, arrive: Any, hire: Any) -> Line:
    made = Line(database, settings, clock, arrive)
    made.agent = await hire("lin")
    made.held = await made.accept(await made.hands_off(), made.agent)
    return made


async def answer(line: Line, call: str) -> None:
    author = as_author(line.agent)  # whoever it is: the timeline keeps the name
    await line.does(lambda tx, found: commands.respond(tx, found, author, call, line.context, accept=True))


async def test_a_call_that_nobody_answers_is_missed_after_a_minute_and_another_one_may_ring(line: Line) -> None:
    call = await line.ring()
    await line.sweep(after=RINGS.total_seconds() - 1)
    assert [one["state"] for one in await line.calls()] == ["ringing"]
    with pytest.raises(Conflict, match="already"):
        await line.ring()
    await line.sweep(after=1)
    await line.sweep(after=30)
    assert [(one["state"], one["by"]) for one in await line.calls()] == [
        ("ringing", AuthorKind.AGENT),
        ("missed", AuthorKind.SYSTEM),
    ]
    found = await line.now(line.held)
    assert found.owner.kind is OwnerKind.AGENT
    assert found.deadline_at is not None
    assert found.deadline_at > line.clock() + RINGS, "the conversation's own deadline again"
    assert await line.ring() != call


async def test_who_hangs_up_or_rings_later_finds_the_end_written_once(line: Line) -> None:
    first = await line.ring()
    line.clock.advance(RINGS.total_seconds() + 5)
    author = as_author(line.agent)
    assert await line.does(lambda tx, found: commands.hang_up(tx, found, author, first, line.context))
    assert await line.does(lambda tx, found: commands.hang_up(tx, found, author, first, line.context)) is None
    await line.ring()
    line.clock.advance(RINGS.total_seconds() + 5)
    await line.ring("voice")
    states = [one["state"] for one in await line.calls()]
    assert states == ["ringing", "missed", "ringing", "missed", "ringing"]


async def test_a_new_owner_ends_the_call_with_how_long_it_lasted(line: Line) -> None:
    """Transfer and close left a call without an end, and its minutes in no report."""
    call = await line.ring()
    await answer(line, call)
    line.clock.advance(75)
    held, agent = line.held, line.agent
    await line.database.write(lambda tx: release.close(tx, held.id, agent, held.epoch, line.context, wrap_up="solved"))
    calls = await line.calls()
    assert [one["state"] for one in calls] == ["ringing", "accepted", "ended"]
    assert (calls[-1]["lasted_s"], calls[-1]["by"]) == (75, AuthorKind.SYSTEM)
    entries = await line.database.read(lambda c: store.entries_after(c, "demo", held.id, 0))
    assert entries[-1].body["event"] == "close"
    assert [one.seq for one in entries] == list(range(1, len(entries) + 1))


async def test_an_answered_call_outlives_the_minute_of_ringing(line: Line) -> None:
    await answer(line, await line.ring())
    await line.sweep(after=2 * RINGS.total_seconds())
    assert [one["state"] for one in await line.calls()] == ["ringing", "accepted"]
