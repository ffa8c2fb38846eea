"""Deadlines in the database, on both engines: set with every entry, told once by however many sweepers, settled."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents.model import Agent, Role
from handoff_service.conversations import store as conversations
from handoff_service.conversations.model import Audience, Conversation, OwnerKind
from handoff_service.conversations.receive import receive
from handoff_service.conversations.reply import reply
from handoff_service.conversations.sweep import Sweeper
from handoff_service.database import Database
from handoff_service.handoffs import release
from handoff_service.mentions import store as mentions
from handoff_service.promises import store
from handoff_service.promises.model import ClockKind, Outcome, Promise, Settled
from handoff_service.promises.view import deadlines, kept_share, owed_by, promised_to
from handoff_service.retention.erase import erase_conversation
from handoff_service.settings import Settings
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant
from tests.handoff_service.conversations.test_sweep import Desk
from tests.handoff_service.stage import FakeClock

HOUR = 3600.0
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)  # what no statement decides
OFFICE = {"hours": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "18:30"}]}
TARGET = {"first_reply_min": 10, "next_reply_min": 20, "resolution_min": 60}


class Talk:
    """A conversation that an agent holds, and what both say in it."""

    def __init__(self, desk: Desk, agent: Agent, held: Conversation, sender: Any) -> None:
        self.desk, self.agent, self.held, self.sender = desk, agent, held, sender

    async def says(self, text: str, after: float = 0.0) -> None:
        self.desk.clock.advance(after)
        self.desk.messages += 1
        what = {"client_id": f"agent-{self.desk.messages:04}", "body": {"text": text}, "epoch": self.held.epoch}
        await self.desk.database.write(
            lambda tx: reply(tx, self.agent, self.held.id, audience=Audience.PUBLIC, context=self.desk.context, **what)
        )

    async def hears(self, text: str = "and now?", after: float = 0.0) -> None:
        self.desk.clock.advance(after)
        self.desk.messages += 1
        what = {"client_id": f"customer-{self.desk.messages:04}", "body": {"text": text}}
        await self.desk.database.write(lambda tx: receive(tx, self.sender, context=self.desk.context, **what))

    async def promises(self) -> list[Promise]:
        return await self.desk.database.read(lambda c: store.promises_of(c, "demo", self.held.id))

    async def clocks(self) -> dict[ClockKind, Outcome]:
        found = await self.desk.database.read(lambda c: store.clocks_of_conversation(c, "demo", self.held.id))
        return {clock.kind: clock.state for clock in found}

    async def shown(self) -> list[ClockKind]:
        """The clocks that a desk shows."""
        now = self.desk.clock()
        told = await self.desk.database.read(lambda c: deadlines(c, "demo", self.held.id, now))
        return [clock["clock"] for clock in told["sla"]]

    async def notes(self, kind: str) -> list[str]:
        """What the gateway told agents about clocks ("sla") or promises ("promise")."""
        entries = await self.desk.database.read(lambda c: conversations.entries_after(c, "demo", self.held.id, 0))
        told = [entry for entry in entries if entry.body.get("kind") == kind]
        assert all(entry.audience is Audience.INTERNAL for entry in told)
        return [f"{entry.body.get('clock') or entry.body['text']} {entry.body['told']}" for entry in told]


@pytest.fixture
async def talk(
    database: Database, settings: Settings, clock: FakeClock, arrive: Any, hire: Any, tenant: Tenant
) -> Talk:
    """On Monday, 2 November 2026, at 17:30 in Shanghai; the office closes at 18:30."""
    parts = {
        "calendars": {"office": OFFICE},
        "queues": [{"id": "support", "name": "Support", "calendar": "office", "first_reply_s": 0}],
        "sla": [TARGET],
    }
    changed = tenant.settings.model_validate({**tenant.settings.model_dump(mode="json", exclude_none=True), **parts})
    await database.write(lambda tx: tenants.save(tx.connection, tenant.model_copy(update={"settings": changed})))
    lin, sender = await hire("lin"), await arrive()
    desk = Desk(database, settings, clock, arrive)
    desk_asks = desk.asks
    desk.asks = lambda **_: desk_asks(sender)  # type: ignore[method-assign, assignment]
    waiting = await desk.hands_off()
    assert waiting.owner.kind is OwnerKind.QUEUE
    return Talk(desk, lin, await desk.accept(waiting, lin), sender)


async def test_clocks_are_set_with_every_entry_and_end_with_the_handoff(talk: Talk) -> None:
    running, met, paused = Outcome.RUNNING, Outcome.MET, Outcome.PAUSED
    assert await talk.clocks() == {ClockKind.FIRST_REPLY: running, ClockKind.RESOLUTION: running}
    await talk.says("hello", after=300)
    assert await talk.clocks() == {ClockKind.FIRST_REPLY: met, ClockKind.RESOLUTION: paused}
    await talk.hears(after=9999)
    assert (await talk.clocks())[ClockKind.NEXT_REPLY] is running
    assert await talk.shown() == [ClockKind.FIRST_REPLY, ClockKind.RESOLUTION, ClockKind.NEXT_REPLY]
    await talk.says("here you are", after=60)
    assert await talk.shown() == [ClockKind.FIRST_REPLY, ClockKind.RESOLUTION], "one in time is not worth a line"
    context, where = talk.desk.context, (talk.held.id, talk.agent, talk.held.epoch)
    await talk.desk.database.write(lambda tx: release.close(tx, *where, context, wrap_up="solved"))
    assert set((await talk.clocks()).values()) == {met}
    counted = await talk.desk.database.read(
        lambda c: store.counted_clocks(c, "demo", datetime(2026, 11, 1, tzinfo=UTC))
    )
    assert {line["kept_share"] for line in kept_share(counted)} == {1.0}


async def test_the_warning_and_the_breach_come_once_from_two_sweepers(talk: Talk) -> None:
    desk = talk.desk
    sweepers = [Sweeper(desk.database, desk.settings, desk.clock) for _ in range(2)]
    for after, told in ((449, 0), (1, 1), (149, 1), (1, 2), (600, 2)):
        desk.clock.advance(after)
        await asyncio.gather(*(sweeper.sweep() for sweeper in sweepers))
        assert len(await talk.notes("sla")) == told, after
    assert await talk.notes("sla") == ["first_reply warning", "first_reply breach"]
    await talk.says("sorry that it took so long")
    assert (await talk.clocks())[ClockKind.FIRST_REPLY] is Outcome.MISSED
    late = await desk.database.read(lambda c: store.late_clocks(c, "demo", limit=9))
    assert [(clock.kind, clock.used_s) for clock in late] == [(ClockKind.FIRST_REPLY, 1200)]


@on_sqlite
async def test_the_clock_stands_still_while_it_is_closed_and_goes_by_the_hours_as_they_are_now(talk: Talk) -> None:
    await talk.says("hello")
    await talk.hears(after=55 * 60)  # 18:25; twenty minutes are over at 09:15
    await talk.desk.sweep(after=10 * HOUR)
    assert await talk.notes("sla") == []
    tenant = await talk.desk.database.read(lambda c: tenants.find(c, "demo"))
    late = {**OFFICE, "days": [{"date": "2026-11-03", "open": [{"from": "10:00", "to": "18:30"}]}]}
    parts = {**tenant.settings.model_dump(mode="json", exclude_none=True), "calendars": {"office": late}}
    changed = tenant.model_copy(update={"settings": tenant.settings.model_validate(parts)})
    await talk.desk.database.write(lambda tx: tenants.save(tx.connection, changed))
    await talk.desk.sweep(after=4 * HOUR + 50 * 60 + 60)  # 09:16 of a day that begins at ten
    assert await talk.notes("sla") == []
    await talk.desk.sweep(after=59 * 60)  # 10:15
    assert await talk.notes("sla") == ["next_reply breach"]


@on_sqlite
async def test_without_targets_there_are_no_clocks(talk: Talk) -> None:
    tenant = await talk.desk.database.read(lambda c: tenants.find(c, "demo"))
    plain = tenant.model_copy(update={"settings": tenant.settings.model_copy(update={"sla": ()})})
    await talk.desk.database.write(lambda tx: tenants.save(tx.connection, plain))
    await talk.desk.sweep(after=HOUR)
    assert await talk.clocks() == {}
    assert await talk.notes("sla") == []


async def test_a_promise_is_written_down_shown_and_kept_by_the_answer(talk: Talk) -> None:
    await talk.says("I'll get back to you tomorrow. Refunds usually take 3 days.")
    (made,) = await talk.promises()
    assert (made.text, made.deed, made.vague) == ("I'll get back to you tomorrow.", "answer", False)
    assert made.due_at == datetime(2026, 11, 3, 10, 30, tzinfo=UTC), "when the office closes tomorrow"
    now, tenant = talk.desk.clock(), "demo"
    shown = await talk.desk.database.read(lambda c: deadlines(c, tenant, talk.held.id, now))
    assert [(one["state"], one["overdue"]) for one in shown["promises"]] == [("open", False)]
    to_him = await talk.desk.database.read(lambda c: promised_to(c, tenant, talk.held.id))
    assert [one["due_at"] for one in to_him] == ["2026-11-03T10:30:00.000Z"]
    assert len(await talk.desk.database.read(lambda c: owed_by(c, tenant, talk.agent.id, now))) == 1
    await talk.says("Anything else?", after=60)
    assert (await talk.promises())[0].state is Settled.OPEN, "that was still the same talk"
    await talk.says("It was the wrong address.", after=14 * HOUR)
    (kept,) = await talk.promises()
    assert (kept.state, kept.settled_by) == (Settled.KEPT, f"agent:{talk.agent.id}")
    await talk.desk.sweep(after=48 * HOUR)
    assert await talk.notes("promise") == []


@on_sqlite
async def test_what_is_not_kept_is_chased_once_before_and_once_after(talk: Talk, hire: Any) -> None:
    """A refund within two working days, said on Monday at 17:30: due on Wednesday at 18:30."""
    await hire("chen", role=Role.SUPERVISOR)
    await hire("maya")
    await talk.says("我们会在两个工作日内给您退款。")
    (made,) = await talk.promises()
    assert (made.deed, made.due_at) == ("act", datetime(2026, 11, 4, 10, 30, tzinfo=UTC))
    await talk.says("已经在处理了", after=HOUR)
    assert (await talk.promises())[0].state is Settled.OPEN, "words do not pay money back"
    for after in (22 * HOUR, 2 * HOUR, 23 * HOUR, 2 * HOUR):
        await talk.hears()
        await talk.desk.sweep(after=after)
        await talk.says("请稍候")  # the conversation stays with him
    told = [note.rsplit(" ", 1)[1] for note in await talk.notes("promise")]
    assert told == ["reminder", "overdue"]
    asked = await talk.desk.database.read(
        lambda c: {one: len(mentions.listed(c, "demo", agent=one)) for one in ("a_lin", "a_chen", "a_maya")}
    )
    assert asked == {"a_lin": 2, "a_chen": 1, "a_maya": 0}, "a supervisor of what was missed"
    overdue = await talk.desk.database.read(lambda c: owed_by(c, "demo", None, talk.desk.clock()))
    assert [one["overdue"] for one in overdue if one["deed"] == "act"] == [True]


@on_sqlite
async def test_closing_with_a_code_cancels_and_silence_does_not(talk: Talk) -> None:
    await talk.says("I will refund you by Friday 5pm.")
    context = talk.desk.context

    def idle(tx: Any) -> None:
        release.close_idle(tx, conversations.find(tx.connection, "demo", talk.held.id, lock=True), context)

    await talk.desk.database.write(idle)
    (still,) = await talk.promises()
    assert still.state is Settled.OPEN
    await talk.desk.sweep(after=5 * 24 * HOUR)
    (overdue,) = await talk.promises()
    assert overdue.overdue_at == talk.desk.clock()
    assert [note.rsplit(" ", 1)[1] for note in await talk.notes("promise")] == ["overdue"]
    asked = await talk.desk.database.read(lambda c: mentions.unanswered(c, "demo", talk.agent.id))
    assert [one.conversation for one in asked] == [talk.held.id], "it has ended, but it stands on his desk"


@on_sqlite
async def test_the_code_of_the_agent_is_the_reason(talk: Talk) -> None:
    await talk.says("I'll look into it right away.")
    where = (talk.held.id, talk.agent, talk.held.epoch)
    await talk.desk.database.write(lambda tx: release.close(tx, *where, talk.desk.context, wrap_up="solved"))
    (ended,) = await talk.promises()
    assert (ended.state, ended.reason, ended.next_at) == (Settled.CANCELLED, "solved", None)


@on_sqlite
async def test_of_an_erased_conversation_no_words_are_left(talk: Talk) -> None:
    await talk.says("I will send the invoice to Ann Miller today.")
    await talk.desk.database.write(lambda tx: erase_conversation(tx, "demo", talk.held.id, talk.desk.context))
    (left,) = await talk.promises()
    assert (left.text, left.state) == ("", Settled.CANCELLED)
    rows = await talk.desk.database.read(lambda c: c.execute(sa.select(tables.promises)).all())
    assert "Miller" not in str(rows)


@on_sqlite
async def test_what_is_said_twice_in_a_talk_is_owed_once(talk: Talk) -> None:
    await talk.says("I'll call you back tomorrow.")
    await talk.says("As I said, I will call you tomorrow.", after=30)
    assert len(await talk.promises()) == 1
    article = {"id": "a1", "language": "en", "title": "Refunds"}
    body = {"text": "We will refund you within 3 days.", "article": article}
    what = {"client_id": "article-0001", "body": body, "epoch": talk.held.epoch}
    await talk.desk.database.write(
        lambda tx: reply(tx, talk.agent, talk.held.id, audience=Audience.PUBLIC, context=talk.desk.context, **what)
    )
    assert len(await talk.promises()) == 1, "an article speaks for everybody"


@on_sqlite
async def test_what_was_settled_meanwhile_is_not_opened_again_by_an_older_copy(talk: Talk) -> None:
    """An agent marks it as done between the sweeper's reading and its writing."""
    await talk.says("I'll get back to you tomorrow.")
    (read,) = await talk.promises()
    done = replace(read, state=Settled.KEPT, settled_by=f"agent:{talk.agent.id}", next_at=None)
    told = replace(read, state=Settled.CANCELLED, reason="too late")
    write = talk.desk.database.write
    assert await write(lambda tx: store.put_promise(tx.connection, done))
    for older in (read, told):
        assert not await write(lambda tx, one=older: store.put_promise(tx.connection, one))
    assert await talk.promises() == [done]
