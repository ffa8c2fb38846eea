"""Who gets a conversation when several reach for it: exactly one, and the others hear who it is."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from handoff_service import tables
from handoff_service.agents.model import Agent, Role
from handoff_service.calls.model import Pace
from handoff_service.conversations import lifecycle, store
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import SYSTEM, Audience, Conversation, Event, OwnerKind
from handoff_service.conversations.receive import receive
from handoff_service.conversations.reply import reply
from handoff_service.database import Database
from handoff_service.errors import (
    AlreadyTaken,
    CapacityFull,
    Conflict,
    Fenced,
    Forbidden,
    IllegalTransition,
    Invalid,
    NotFound,
)
from handoff_service.handoffs import assign, release
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.receipt import Times, build_receipt
from handoff_service.handoffs.request import request_handoff
from tests.handoff_service.stage import FakeClock

# `make soak` plays the hundred.
ROUNDS = 100 if os.environ.get("TANDEM_EVERY_FAILPOINT_PAIR") else 1
PACE = Pace(*(timedelta(seconds=each) for each in (20, 120, 30)))

# Every statement of these tests still runs on PostgreSQL in those without the mark.
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

Moment = Callable[[], Context]


@pytest.fixture
def waits(database: Database, arrive: Any, context: Moment) -> Callable[..., Awaitable[Conversation]]:
    """`await waits(priority=6)`: a new customer's conversation that waits in the queue."""

    async def waiting(priority: int = 3) -> Conversation:
        sender = await arrive()

        def work(tx: Any) -> Conversation:
            found, _ = receive(tx, sender, client_id="client-01", body={"text": "help"}, context=context())
            return request_handoff(tx, found, Event.ASKED, evidence={}, context=context(), priority=priority)

        return await database.write(work)

    return waiting


@pytest.fixture
def accept(database: Database, context: Moment) -> Callable[[Conversation, Agent], Awaitable[Conversation]]:
    async def accepted(conversation: Conversation, agent: Agent) -> Conversation:
        return await database.write(lambda tx: assign.accept(tx, str(conversation.handoff), agent, context()))

    return accepted


async def check_agents(rows: Any) -> None:
    """I14: `open` is what the conversations say, and within capacity."""
    owned = [row["owner_agent"] for row in await rows(tables.conversations) if row["owner_kind"] == "agent"]
    for row in await rows(tables.agents):
        assert row["open"] == owned.count(row["id"])
        assert row["open"] <= row["capacity"]


async def test_fifty_agents_reach_for_one_conversation(
    database: Database, hire: Any, waits: Any, accept: Any, rows: Any
) -> None:
    """F-51, I10: in every round one winner, 49 who are told his name."""
    people = [await hire(f"agent{number:02}", capacity=ROUNDS) for number in range(50)]
    for _ in range(ROUNDS):
        waiting, barrier = await waits(), asyncio.Barrier(len(people))

        async def reach(agent: Agent, waiting: Conversation = waiting, barrier: asyncio.Barrier = barrier) -> Any:
            await barrier.wait()
            return await accept(waiting, agent)

        outcomes = await asyncio.gather(*(reach(agent) for agent in people), return_exceptions=True)
        winners = [outcome for outcome in outcomes if isinstance(outcome, Conversation)]
        losers = [outcome for outcome in outcomes if isinstance(outcome, AlreadyTaken)]
        assert (len(winners), len(losers)) == (1, 49)
        winner = next(agent for agent in people if agent.id == winners[0].owner.agent)
        assert {(loser.extra["holder"]["id"], loser.extra["holder"]["name"]) for loser in losers} == {
            (winner.id, winner.name)
        }
        entries = await database.read(lambda c, one=waiting: store.entries_after(c, "demo", one.id, 0))
        assert [entry.body["event"] for entry in entries if entry.kind == "state"] == ["opened", "asked", "claim"]
    await check_agents(rows)


async def test_one_agent_reaches_for_twenty_conversations(hire: Any, waits: Any, accept: Any, rows: Any) -> None:
    """F-55: capacity is counted in the claiming transaction."""
    lin = await hire("lin", capacity=3)
    waiting = [await waits() for _ in range(20)]
    outcomes = await asyncio.gather(*(accept(one, lin) for one in waiting), return_exceptions=True)
    assert sum(isinstance(outcome, Conversation) for outcome in outcomes) == 3
    assert sum(isinstance(outcome, CapacityFull) for outcome in outcomes) == 17
    await check_agents(rows)


async def test_transfers_across_each_other_do_not_lock_up(
    database: Database, hire: Any, waits: Any, accept: Any, context: Moment, rows: Any
) -> None:
    """F-42: Two agents hand each other a conversation at the same moment; on PostgreSQL that can be a deadlock."""
    lin, maya = await hire("lin"), await hire("maya")
    for _ in range(3):
        hers, his = await accept(await waits(), maya), await accept(await waits(), lin)
        await asyncio.gather(
            database.write(lambda tx, c=hers: release.transfer(tx, c.id, maya, 3, context(), to_agent=lin.id)),
            database.write(lambda tx, c=his: release.transfer(tx, c.id, lin, 3, context(), to_agent=maya.id)),
        )
        await check_agents(rows)
        for conversation, agent in ((hers, lin), (his, maya)):
            await database.write(
                lambda tx, c=conversation, a=agent: release.close(tx, c.id, a, 4, context(), wrap_up="solved")
            )


@on_sqlite
async def test_an_offer_that_comes_too_late_takes_nothing_from_who_was_quicker(
    database: Database, hire: Any, waits: Any, accept: Any, rows: Any, context: Moment
) -> None:
    """I14: the transaction that makes offers goes on; on two gateways an agent had room for a fourth of three."""
    lin, maya = await hire("lin"), await hire("maya")
    waiting = await waits()
    await accept(waiting, lin)

    def late(tx: Any) -> None:
        handoff = handoffs.find(tx.connection, waiting.tenant, str(waiting.handoff))
        with pytest.raises(IllegalTransition):
            assign.offer(tx, handoff, maya, context())

    await database.write(late)
    await check_agents(rows)


async def test_accepting_twice_is_accepting_once(hire: Any, waits: Any, accept: Any, rows: Any) -> None:
    lin, waiting = await hire("lin"), await waits()
    first = await accept(waiting, lin)
    assert (await accept(waiting, lin)).epoch == first.epoch
    await check_agents(rows)


async def test_only_the_one_it_is_offered_to_may_accept_or_decline(
    database: Database, hire: Any, waits: Any, accept: Any, context: Moment
) -> None:
    lin, maya, waiting = await hire("lin"), await hire("maya"), await waits()
    handoff = await database.read(lambda c: handoffs.find(c, "demo", str(waiting.handoff)))
    await database.write(lambda tx: assign.offer(tx, handoff, lin, context()))
    with pytest.raises(AlreadyTaken) as refused:
        await accept(waiting, maya)
    assert refused.value.extra["holder"]["name"] == lin.name
    with pytest.raises(Conflict):
        await database.write(lambda tx: assign.decline(tx, handoff.id, maya, context()))
    with pytest.raises(IllegalTransition):
        await database.write(lambda tx: assign.offer(tx, handoff, maya, context()))
    assert (await accept(waiting, lin)).owner.agent == lin.id


@on_sqlite
async def test_only_who_would_lose_is_refused_before_he_writes(
    database: Database, hire: Any, waits: Any, accept: Any, context: Moment
) -> None:
    """Whoever may still win passes: of a queue everybody, of an offer and of a conversation its agent."""
    lin, maya, waiting = await hire("lin"), await hire("maya"), await waits()
    name = str(waiting.handoff)

    async def refused() -> list[Agent]:
        looks = [database.read(lambda c, a=agent: assign.refuse_taken(c, name, a)) for agent in (lin, maya)]
        outcomes = await asyncio.gather(*looks, return_exceptions=True)
        told = [outcome.extra for outcome in outcomes if isinstance(outcome, AlreadyTaken)]
        assert told in ([], [{"conversation": waiting.id, "holder": {"id": lin.id, "name": lin.name}}])
        return [agent for agent, outcome in zip((lin, maya), outcomes, strict=True) if outcome is not None]

    assert await refused() == []
    handoff = await database.read(lambda c: handoffs.find(c, "demo", name))
    await database.write(lambda tx: assign.offer(tx, handoff, lin, context()))
    assert await refused() == [maya]
    owned = await accept(waiting, lin)
    assert await refused() == [maya]
    await database.write(lambda tx: release.close(tx, owned.id, lin, owned.epoch, context(), wrap_up="solved"))
    assert await refused() == []
    with pytest.raises(Conflict):
        await accept(waiting, maya)


@on_sqlite
async def test_a_declined_offer_is_back_at_its_place(
    database: Database, hire: Any, waits: Any, context: Moment
) -> None:
    lin = await hire("lin")
    first, second = await waits(), await waits()
    handoff = await database.read(lambda c: handoffs.find(c, "demo", str(first.handoff)))
    await database.write(lambda tx: assign.offer(tx, handoff, lin, context()))
    assert await database.read(lambda c: handoffs.place(c, handoff)) == 1
    behind = await database.read(lambda c: handoffs.find(c, "demo", str(second.handoff)))
    assert await database.read(lambda c: handoffs.place(c, behind)) == 2, "an offer that is out keeps its place"
    await database.write(lambda tx: assign.decline(tx, handoff.id, lin, context()))
    order = await database.read(lambda c: [one.id for one in handoffs.waiting(c, "demo", "support")])
    assert order == [handoff.id, behind.id]


@on_sqlite
async def test_nothing_waits_once_it_is_given_back_or_closed(
    database: Database, hire: Any, waits: Any, accept: Any, context: Moment
) -> None:
    lin, maya = await hire("lin"), await hire("maya")
    held = await accept(await waits(), lin)
    await database.write(lambda tx: release.give_back(tx, held.id, lin, held.epoch, context()))
    with pytest.raises(Conflict):
        await accept(held, maya)
    ended = await database.read(lambda c: handoffs.find(c, "demo", str(held.handoff)))
    assert (ended.closed_at is not None, ended.wrap_up) == (True, "given_back")
    with pytest.raises(NotFound):
        await database.write(lambda tx: assign.accept(tx, "h_unknown", maya, context()))


@on_sqlite
async def test_taking_over_needs_the_epoch_and_from_people_the_role(
    database: Database, hire: Any, waits: Any, accept: Any, context: Moment
) -> None:
    """F-64: a supervisor steps in; the agent's next reply is refused because the epoch is another one."""
    lin, maya, chen = await hire("lin"), await hire("maya"), await hire("chen", role=Role.SUPERVISOR)
    held = await accept(await waits(), lin)

    def take(agent: Agent, epoch: int) -> Any:
        return database.write(lambda tx: assign.take_over(tx, held.id, agent, epoch, context()))

    with pytest.raises(Forbidden):
        await take(maya, held.epoch)
    with pytest.raises(Fenced):
        await take(chen, held.epoch - 1)
    taken = await take(chen, held.epoch)
    assert (taken.owner.agent, taken.epoch) == (chen.id, held.epoch + 1)
    with pytest.raises(Fenced):
        await database.write(lambda tx: release.close(tx, held.id, lin, held.epoch, context(), wrap_up="solved"))


@on_sqlite
async def test_a_transfer_ends_with_somebody_who_is_there_or_is_refused(
    database: Database, hire: Any, waits: Any, accept: Any, context: Moment, rows: Any
) -> None:
    """F-57: full, absent, unknown, himself: the conversation stays where it is."""
    lin, full, away = await hire("lin"), await hire("full", capacity=1), await hire("away", status="away")
    held, _ = await accept(await waits(), lin), await accept(await waits(), full)
    for target, error in ((full.id, CapacityFull), (away.id, Invalid), (lin.id, Invalid), ("a_unknown", NotFound)):
        with pytest.raises(error):
            await database.write(
                lambda tx, t=target: release.transfer(tx, held.id, lin, held.epoch, context(), to_agent=t)
            )
    for to in ({"to_queue": "unknown"}, {}, {"to_agent": full.id, "to_queue": "senior"}):
        with pytest.raises(Invalid):
            await database.write(lambda tx, t=to: release.transfer(tx, held.id, lin, held.epoch, context(), **t))
    assert (await database.read(lambda c: store.find(c, "demo", held.id))) == held
    await check_agents(rows)


@on_sqlite
async def test_a_transfer_to_a_queue_keeps_the_time_already_waited(
    database: Database, hire: Any, waits: Any, accept: Any, context: Moment, clock: FakeClock
) -> None:
    lin = await hire("lin")
    early = await accept(await waits(), lin)
    clock.advance(120)
    await waits()
    moved = await database.write(
        lambda tx: release.transfer(
            tx, early.id, lin, early.epoch, context(), to_queue="support", note="needs a refund"
        )
    )
    assert moved.owner.kind is OwnerKind.QUEUE
    order = await database.read(lambda c: [one.conversation for one in handoffs.waiting(c, "demo", "support")])
    assert order[0] == early.id
    entries = await database.read(lambda c: store.entries_after(c, "demo", early.id, 0))
    assert entries[-1].body["note"] == "needs a refund"
    assert lifecycle.replay(entries) == (moved.owner, moved.epoch)


@on_sqlite
async def test_closing_needs_a_wrap_up_code_and_closes_the_ticket(
    database: Database, hire: Any, arrive: Any, context: Moment, rows: Any, accept: Any
) -> None:
    sender = await arrive()

    def left(tx: Any) -> Conversation:
        found, _ = receive(tx, sender, client_id="client-01", body={"text": "call me"}, context=context())
        return request_handoff(tx, found, Event.ASKED, evidence={}, context=context())

    mailbox = await database.write(left)
    assert mailbox.owner.kind is OwnerKind.MAILBOX
    lin = await hire("lin")
    held = await accept(mailbox, lin)
    with pytest.raises(Invalid, match="solved, refund"):
        await database.write(lambda tx: release.close(tx, held.id, lin, held.epoch, context(), wrap_up="nonsense"))
    closed = await database.write(
        lambda tx: release.close(tx, held.id, lin, held.epoch, context(), wrap_up="refund", note="done")
    )
    assert (closed.owner.kind, closed.deadline_at) == (OwnerKind.CLOSED, None)
    (ticket,), (handoff,) = await rows(tables.tickets), await rows(tables.handoffs)
    assert (ticket["state"], handoff["wrap_up"]) == ("closed", "refund")


@on_sqlite
async def test_leaving_a_message_and_being_solved(
    database: Database, waits: Any, hire: Any, context: Moment, rows: Any
) -> None:
    await hire("lin")
    leaving, fine = await waits(), await waits()

    def leave(tx: Any, reply_to: str) -> Conversation:
        found = store.find(tx.connection, "demo", leaving.id, lock=True)
        return release.leave_message(tx, found, SYSTEM, context(), reply_to=reply_to)

    assert (await database.write(lambda tx: leave(tx, "me@example.org"))).owner.kind is OwnerKind.MAILBOX
    assert (await database.write(lambda tx: leave(tx, ""))).owner.kind is OwnerKind.MAILBOX
    (ticket,) = await rows(tables.tickets)
    assert (ticket["reply_to"], ticket["state"]) == ("me@example.org", "open")
    solved = await database.write(
        lambda tx: release.solved(tx, store.find(tx.connection, "demo", fine.id, lock=True), SYSTEM, context())
    )
    assert solved.owner.kind is OwnerKind.BOT
    with pytest.raises(IllegalTransition):
        await database.write(lambda tx: release.solved(tx, solved, SYSTEM, context()))


async def test_a_second_promise_names_the_time_on_the_ticket(
    database: Database, waits: Any, hire: Any, context: Moment, clock: FakeClock, rows: Any, accept: Any
) -> None:
    lin = await hire("lin")
    held = await accept(await waits(), lin)
    texts = []
    for hours in (0, 1, 100):
        clock.advance(hours * 3600)

        def queue_and_leave(tx: Any) -> Conversation:
            found = store.find(tx.connection, "demo", held.id, lock=True)
            queued = release.transfer(tx, found.id, lin, found.epoch, context(), to_queue="support")
            return release.leave_message(tx, queued, SYSTEM, context(), reply_to="")

        left = await database.write(queue_and_leave)
        entries = await database.read(lambda c: store.entries_after(c, "demo", held.id, 0))
        (ticket,) = await rows(tables.tickets)
        due = ticket["due_at"]
        assert due > clock(), "nobody is promised a moment in the past"
        assert f"{due.day} November" in entries[-1].body["text"]
        texts.append(entries[-1].body["text"])
        await database.write(lambda tx, h=left.handoff: assign.accept(tx, str(h), lin, context()))
    assert texts[0] == texts[1] != texts[2]


@on_sqlite
async def test_the_receipt_has_every_stage_in_order(
    database: Database, hire: Any, waits: Any, accept: Any, context: Moment, clock: FakeClock
) -> None:
    lin, waiting = await hire("lin"), await waits()
    clock.advance(5)
    handoff = await database.read(lambda c: handoffs.find(c, "demo", str(waiting.handoff)))
    await database.write(lambda tx: assign.offer(tx, handoff, lin, context()))
    clock.advance(5)
    held = await accept(waiting, lin)
    clock.advance(5)
    for number in range(2):
        await database.write(lambda tx, n=number: _reply(tx, lin, held, n, context()))
        clock.advance(5)
    await database.write(lambda tx: release.close(tx, held.id, lin, held.epoch, context(), wrap_up="solved"))
    done = await database.read(lambda c: handoffs.find(c, "demo", handoff.id))
    moves = await database.read(lambda c: handoffs.moves_of(c, done))
    receipt = build_receipt(done, moves, {lin.id: lin.name}, Times(PACE, None, timedelta(days=1)))
    assert [(line["stage"], line["by"], line["at"][17:19]) for line in receipt] == [
        ("requested", "asked", "00"),
        ("queued", "", "00"),
        ("offered", "Lin", "05"),
        ("accepted", "Lin", "10"),
        ("first_reply", "Lin", "15"),
        ("closed", "solved", "25"),
    ]


def _reply(tx: Any, agent: Agent, held: Conversation, number: int, context: Context) -> None:
    reply(
        tx,
        agent,
        held.id,
        client_id=f"agent-{number:03}",
        body={"text": "hello"},
        epoch=held.epoch,
        audience=Audience.PUBLIC,
        context=context,
    )
