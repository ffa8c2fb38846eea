"""Passing conversations on: to whom, how often, to the senior tier with a promised time, and a supervisor who joins."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from handoff_service import tables
from handoff_service.agents.model import Role
from handoff_service.conversations import lifecycle, store
from handoff_service.conversations.model import Audience, Conversation, OwnerKind
from handoff_service.conversations.reply import reply
from handoff_service.conversations.sweep import on_deadline
from handoff_service.errors import (
    CapacityFull,
    Conflict,
    Fenced,
    Forbidden,
    IllegalTransition,
    Invalid,
    NotFound,
    TooManyTransfers,
)
from handoff_service.handoffs import assign, moves, release
from handoff_service.handoffs import store as handoffs
from handoff_service.tenants import store as tenants
from handoff_service.tickets import store as tickets
from handoff_service.tickets import work
from handoff_service.tickets.follow_up import on_look
from handoff_service.tickets.update import note
from tests.handoff_service.handoffs.floor import Floor
from tests.handoff_service.stage import shop

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


async def test_a_transfer_to_nobody_is_refused_and_leaves_everything_as_it_was(floor: Floor, hire: Any) -> None:
    lin, gone = await hire("lin"), await hire("gone", disabled=True)
    _, held = await floor.served(lin)
    for to, error, words in [
        ({}, Invalid, "exactly one"),
        ({"to_agent": "a_maya", "to_queue": "senior"}, Invalid, "exactly one"),
        ({"to_agent": gone.id}, Invalid, "disabled"),
        ({"to_agent": "a_nobody"}, NotFound, "no agent"),
        ({"to_queue": "nowhere"}, Invalid, "there are support, senior"),
        ({"to_tier": 5}, Invalid, "tier 5"),
    ]:
        with pytest.raises(error, match=words):
            await floor.do(lambda tx, t=to: release.transfer(tx, held.id, lin, held.epoch, floor.context, **t))
    assert await floor.now(held) == held


async def test_a_tier_is_its_first_queue(floor: Floor, hire: Any) -> None:
    lin = await hire("lin")
    _, held = await floor.served(lin)
    moved = await floor.do(
        lambda tx: release.transfer(tx, held.id, lin, held.epoch, floor.context, to_tier=2, note="a refund")
    )
    assert (moved.owner.kind, moved.owner.queue) == (OwnerKind.QUEUE, "senior")
    last = (await floor.entries(held))[-1]
    assert last.body["note"] == "a refund"


async def test_two_agents_who_pass_it_to_and_fro_are_stopped_and_a_supervisor_is_not(floor: Floor, hire: Any) -> None:
    """A loop of transfers: the customer heard "one moment, I connect you" nine times."""
    lin, maya = await hire("lin"), await hire("maya")
    chen = await hire("chen", role=Role.SUPERVISOR)
    _, held = await floor.served(lin)
    pair = [lin, maya]
    for number in range(floor.settings.transfers_per_hour):
        giver, taker = pair[number % 2], pair[(number + 1) % 2]
        held = await floor.do(
            lambda tx, h=held, g=giver, t=taker: release.transfer(tx, h.id, g, h.epoch, floor.context, to_agent=t.id)
        )
        floor.clock.advance(60)
    owner, other = (lin, maya) if held.owner.agent == lin.id else (maya, lin)

    def again() -> Any:
        return floor.do(lambda tx: release.transfer(tx, held.id, owner, held.epoch, floor.context, to_agent=other.id))

    with pytest.raises(TooManyTransfers) as refused:
        await again()
    assert refused.value.extra["until"] == "2026-11-02T10:30:00.000Z"
    with pytest.raises(TooManyTransfers):
        await floor.do(lambda tx: moves.escalate(tx, held.id, owner, held.epoch, floor.context, reason="I cannot help"))
    floor.clock.advance(3600 - 60 * floor.settings.transfers_per_hour)
    held = await again()
    taken = await floor.do(lambda tx: assign.take_over(tx, held.id, chen, held.epoch, floor.context))
    assert taken.owner.agent == chen.id


@pytest.mark.parametrize(("language", "words"), [("en", "by 2 November, 21:30"), ("zh", "最迟 11月2日 21:30 前")])
async def test_an_agent_escalates_and_the_customer_is_told_by_when(
    floor: Floor, hire: Any, rows: Any, language: str, words: str
) -> None:
    lin = await hire("lin")
    _, held = await floor.served(lin, language=language)
    moved = await floor.do(
        lambda tx: moves.escalate(
            tx, held.id, lin, held.epoch, floor.context, reason="above my limit", note="call first"
        )
    )
    assert (moved.owner.kind, moved.owner.queue) == (OwnerKind.QUEUE, "senior")
    entries = await floor.entries(held)
    assert words in entries[-1].body["text"]
    assert (entries[-1].body["reason"], entries[-1].body["note"]) == ("above my limit", "call first")
    assert lifecycle.replay(entries) == (moved.owner, moved.epoch)
    handoff = await floor.database.read(lambda c: handoffs.find(c, "demo", str(held.handoff)))
    assert (handoff.priority, handoff.queue) == (5, "senior")
    (ticket,) = await rows(tables.tickets)
    assert (ticket["due_at"] - floor.clock()).total_seconds() == floor.settings.escalate_due_s
    again = await floor.accept(moved, lin)
    with pytest.raises(Conflict, match="already"):
        await floor.do(lambda tx: moves.escalate(tx, held.id, lin, again.epoch, floor.context, reason="once more"))
    with pytest.raises(Fenced):
        await floor.do(lambda tx: moves.escalate(tx, held.id, lin, held.epoch, floor.context, reason="late"))


async def test_a_customer_asks_for_the_senior_tier_from_wherever_he_is(floor: Floor, hire: Any) -> None:
    lin = await hire("lin")
    sender, asking = await floor.asks()
    told = await floor.choose(sender, asking, "ask-senior")
    assert (told["owner"], (await floor.now(asking)).owner.queue) == ("queue", "senior")
    sender, waiting = await floor.waits()
    await floor.choose(sender, waiting, "ask-senior", reason="nobody helps me")
    assert (await floor.now(waiting)).owner.queue == "senior"
    before = await floor.now(waiting)
    await floor.choose(sender, waiting, "ask-senior")
    again = await floor.now(waiting)
    assert (again.owner, again.epoch) == (before.owner, before.epoch), "it is there; asking again moves nobody"
    assert "senior team now; you will have an answer by" in await floor.last_text(again), "and he is told by when"
    sender, held = await floor.served(lin)
    await floor.choose(sender, held, "ask-senior")
    moved = await floor.now(held)
    assert (moved.owner.kind, moved.owner.queue, moved.epoch) == (OwnerKind.QUEUE, "senior", held.epoch + 1)
    sender, held = await floor.served(lin)
    closed = await floor.do(lambda tx: release.close(tx, held.id, lin, held.epoch, floor.context, wrap_up="solved"))
    with pytest.raises(IllegalTransition):
        await floor.choose(sender, closed, "ask-senior")


async def test_without_a_senior_on_duty_the_agent_stays_and_a_time_is_promised(floor: Floor, hire: Any) -> None:
    lin = await hire("lin", queues=("support",))
    sender, held = await floor.served(lin)
    await floor.choose(sender, held, "ask-senior", reason="a manager, please")
    now = await floor.now(held)
    assert now.owner == held.owner
    note, notice = (await floor.entries(held))[-2:]
    assert (note.audience, "a manager, please" in note.body["text"]) == ("internal", True)
    assert "Lin stays with you" in notice.body["text"]
    sender, waiting = await floor.waits()
    await floor.choose(sender, waiting, "ask-senior")
    moved = await floor.now(waiting)
    assert moved.owner.kind is OwnerKind.MAILBOX
    promised = floor.clock() + timedelta(seconds=floor.settings.escalate_due_s)
    assert moved.deadline_at == promised, "it is looked at when he was told, not days later"
    sender, asking = await floor.asks()
    await floor.choose(sender, asking, "ask-senior")
    moved = await floor.now(asking)
    assert (moved.owner.kind, moved.deadline_at) == (OwnerKind.MAILBOX, promised)


@pytest.mark.parametrize("tier", ["missing", "unserved"])
async def test_where_no_senior_tier_is_served_he_is_promised_a_time_and_a_supervisor_is_asked(
    floor: Floor, hire: Any, rows: Any, tier: str
) -> None:
    lin, boss = await hire("lin", queues=("support",)), await hire("boss", role=Role.SUPERVISOR, queues=("support",))
    if tier == "missing":
        tenant = shop()
        one = tenant.settings.model_copy(update={"queues": tenant.settings.queues[:1]})
        changed = tenant.model_copy(update={"settings": one})
        await floor.do(lambda tx: tenants.save(tx.connection, changed))
    for sender, found in (await floor.served(lin), await floor.waits(), await floor.asks()):
        await floor.choose(sender, found, "ask-senior", reason="a manager, please")
        now = await floor.now(found)
        assert now.owner.kind in (OwnerKind.AGENT, OwnerKind.QUEUE, OwnerKind.MAILBOX), "never a dead end"
        if tier == "missing":
            assert now.owner.queue == "support", "there is no other place"
        said = [str(one.body.get("text")) for one in await floor.entries(now) if one.audience is Audience.PUBLIC]
        who = "A supervisor has" if tier == "missing" else "senior team"
        assert any(who in text and "answer by" in text for text in said), said
        promise = [row for row in await rows(tables.tickets) if row["conversation"] == found.id and row["type"] is None]
        assert len(promise) == 1
        asked = [row["agent"] for row in await rows(tables.mentions) if row["conversation"] == found.id]
        assert asked == [boss.id]


async def test_a_supervisor_joins_and_the_agent_takes_it_back(floor: Floor, hire: Any) -> None:
    lin, maya = await hire("lin"), await hire("maya")
    chen = await hire("chen", role=Role.SUPERVISOR)
    _, waiting = await floor.waits()

    def join(agent: Any, found: Conversation) -> Any:
        return floor.do(lambda tx: assign.take_over(tx, found.id, agent, found.epoch, floor.context, join=True))

    def take(agent: Any, found: Conversation) -> Any:
        return floor.do(lambda tx: assign.take_over(tx, found.id, agent, found.epoch, floor.context))

    with pytest.raises(Conflict, match="take over instead"):
        await join(chen, waiting)
    held = await floor.accept(waiting, lin)
    with pytest.raises(Forbidden):
        await join(maya, held)
    joined = await join(chen, held)
    assert joined.owner.agent == chen.id
    with pytest.raises(Forbidden):
        await take(maya, joined)
    with pytest.raises(Fenced):
        await floor.do(lambda tx: release.close(tx, held.id, lin, held.epoch, floor.context, wrap_up="solved"))
    back = await take(lin, joined)
    assert back.owner.agent == lin.id
    taken = await take(chen, back)
    with pytest.raises(Forbidden):
        await take(lin, taken)
    assert "former" not in str([entry.body.get("text") for entry in await floor.entries(held)])
    assert (await floor.database.read(lambda c: store.last_states(c, taken)))[0].body.get("former") is None


async def test_taking_it_back_needs_room(floor: Floor, hire: Any) -> None:
    lin = await hire("lin", capacity=1)
    chen = await hire("chen", role=Role.SUPERVISOR)
    _, held = await floor.served(lin)
    joined = await floor.do(lambda tx: assign.take_over(tx, held.id, chen, held.epoch, floor.context, join=True))
    await floor.served(lin)
    with pytest.raises(CapacityFull):
        await floor.do(lambda tx: assign.take_over(tx, held.id, lin, joined.epoch, floor.context))


async def test_a_promise_beside_an_agent_is_seen_to_at_the_told_time(floor: Floor, hire: Any, rows: Any) -> None:
    """The senior team promised it; whether he is owned up to depends on who had the last word meanwhile."""
    lin = await hire("lin", queues=("support",))
    sender, silent = await floor.served(lin)
    other, answered = await floor.served(lin)
    for who, held in ((sender, silent), (other, answered)):
        await floor.choose(who, held, "ask-senior")
    told = {"client_id": "lin-0001", "body": {"text": "I have asked."}, "epoch": answered.epoch}
    public = {"audience": Audience.PUBLIC, "context": floor.context}
    await floor.do(lambda tx: reply(tx, lin, answered.id, **told, **public))
    floor.clock.advance(floor.settings.escalate_due_s)
    due = await floor.database.read(lambda c: tickets.to_look_at(c, floor.clock()))
    assert len(due) == 2
    for tenant, ticket in due:
        await floor.do(lambda tx, t=tenant, i=ticket: on_look(tx, t, i, floor.context))
    assert await floor.database.read(lambda c: tickets.to_look_at(c, floor.clock())) == []
    assert "we did not reply in time" in await floor.last_text(silent)
    assert await floor.last_text(answered) == "I have asked."
    left = {row["conversation"]: row for row in await rows(tables.tickets)}
    assert left[silent.id]["due_at"] == left[silent.id]["look_at"] > floor.clock()
    assert (left[answered.id]["overdue_at"], left[answered.id]["look_at"]) == (floor.clock(), None)
    for _, ticket in due:
        await floor.do(lambda tx, i=ticket: note(tx, lin, work.locked(tx, lin, i), "I am at it", floor.context))
        await floor.do(lambda tx, i=ticket: on_look(tx, "demo", i, floor.context))
    left = {row["conversation"]: row for row in await rows(tables.tickets)}
    assert left[silent.id]["look_at"] == left[silent.id]["due_at"], "whoever touches it, it is looked at then"
    assert left[answered.id]["look_at"] is None


async def test_in_the_mailbox_the_deadline_owns_up_and_the_ticket_does_not_do_it_again(floor: Floor, rows: Any) -> None:
    _, waiting = await floor.waits()
    assert waiting.owner.kind is OwnerKind.MAILBOX
    (ticket,) = await rows(tables.tickets)
    floor.clock.advance(floor.settings.message_due_s)
    await floor.do(lambda tx: on_look(tx, "demo", ticket["id"], floor.context))
    assert "did not reply in time" not in await floor.last_text(waiting)
    await floor.do(lambda tx: on_deadline(tx, "demo", waiting.id, floor.context))
    await floor.do(lambda tx: on_look(tx, "demo", ticket["id"], floor.context))
    said = [one for one in await floor.entries(waiting) if "did not reply in time" in str(one.body.get("text"))]
    assert len(said) == 1
