"""The outbox: in order within a conversation, nothing twice, nothing forgotten, a failure stops nobody else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from handoff_service import outbox, tables
from handoff_service.bell import Bell
from handoff_service.conversations import store
from handoff_service.conversations.model import Conversation
from handoff_service.database import Database, Transaction
from handoff_service.errors import Unavailable
from handoff_service.nodes import release_lost
from handoff_service.outbox import LEASE, MOST_ATTEMPTS, Job
from handoff_service.outbox_worker import OutboxWorker
from tests.handoff_service.stage import FakeClock, trial_settings

B = tables.outbox.c
Asks = Callable[..., Awaitable[Conversation]]


@pytest.fixture
def asks(database: Database, clock: FakeClock) -> Asks:
    """`await asks("k_1", 1, 2)`: a conversation of that contact with outbox rows for its entries 1 and 2."""

    async def made(contact: str, *seqs: int, destination: str = "bot") -> Conversation:
        def work(tx: Transaction) -> Conversation:
            found = store.current(tx.connection, "demo", "web", contact) or store.create(
                tx.connection, "demo", channel="web", contact=contact, language="en", now=clock()
            )
            for seq in seqs:
                outbox.enqueue(tx, found, destination, seq, clock())
            return found

        return await database.write(work)

    return made


async def lease(database: Database, clock: FakeClock, node: str = "n1", limit: int = 32) -> list[Job]:
    return await database.write(
        lambda tx: outbox.lease(tx, node, clock(), destinations=("bot", "channel", "mail"), limit=limit)
    )


async def states(database: Database) -> dict[int, str]:
    query = sa.select(B.seq, B.state).order_by(B.seq)
    return await database.read(lambda connection: {row.seq: row.state for row in connection.execute(query)})


async def done(database: Database, job: Job) -> None:
    await database.write(
        lambda tx: outbox.finish(tx.connection, job.tenant, job.conversation, job.destination, upto_seq=job.seq)
    )


async def test_only_the_first_of_each_line_is_leased(database: Database, asks: Asks, clock: FakeClock) -> None:
    one = await asks("k_1", 3, 1, 2)
    other = await asks("k_2", 7)
    await asks("k_1", 1, destination="mail")
    jobs = await lease(database, clock)
    assert {(job.conversation, job.destination, job.seq) for job in jobs} == {
        (one.id, "bot", 1),
        (one.id, "mail", 1),
        (other.id, "bot", 7),
    }
    assert await lease(database, clock) == [], "the head is taken, what is behind it waits"
    await done(database, next(job for job in jobs if job.conversation == one.id and job.destination == "bot"))
    assert [job.seq for job in await lease(database, clock)] == [2]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("first", "second"), [("channel", "public"), ("public", "channel")])
async def test_what_is_said_in_public_keeps_its_order_across_an_upgrade(
    database: Database, asks: Asks, clock: FakeClock, first: str, second: str
) -> None:
    """The release before has no line of its own for it, and may still be running beside this one."""
    await asks("k_1", 1, destination=first)
    await asks("k_1", 2, destination=second)

    async def take() -> list[Job]:
        return await database.write(lambda tx: outbox.lease(tx, "n1", clock(), destinations=("channel", "public")))

    (job,) = await take()
    assert (job.destination, job.seq) == (first, 1)
    assert await take() == []
    await done(database, job)
    assert [(job.destination, job.seq) for job in await take()] == [(second, 2)]


async def test_a_clock_that_was_an_hour_ahead_delays_no_second_attempt(
    database: Database, asks: Asks, clock: FakeClock
) -> None:
    await asks("k_1", 1)
    clock.advance(3600)
    (job,) = await lease(database, clock)
    await database.write(lambda tx: outbox.put_back(tx.connection, job, "down", clock()))
    clock.advance(-3600)
    assert await database.read(lambda c: outbox.any_due(c, clock(), ["bot"]))
    (job,) = await lease(database, clock)
    await database.write(lambda tx: outbox.put_back(tx.connection, job, "busy", clock(), wait_s=outbox.LONGEST_ASKED_S))
    assert await lease(database, clock) == [], "this is the longest wait that somebody may have planned"
    clock.advance(outbox.LONGEST_ASKED_S)
    assert len(await lease(database, clock)) == 1


async def test_finishing_covers_everything_up_to_the_entry(database: Database, asks: Asks, clock: FakeClock) -> None:
    one = await asks("k_1", 1, 2, 3)
    await database.write(lambda tx: outbox.finish(tx.connection, "demo", one.id, "bot", upto_seq=2))
    assert await states(database) == {1: "sent", 2: "sent", 3: "new"}
    assert await database.read(lambda c: outbox.pending(c, "demo", one.id, "bot")) == 3
    assert [job.seq for job in await lease(database, clock)] == [3]


async def test_a_lease_that_ran_out_is_taken_over(database: Database, asks: Asks, clock: FakeClock) -> None:
    await asks("k_1", 1)
    first = await lease(database, clock, "n1")
    clock.advance(LEASE.total_seconds() - 1)
    assert await lease(database, clock, "n2") == []
    clock.advance(2)
    second = await lease(database, clock, "n2")
    assert [job.id for job in second] == [job.id for job in first]
    assert second[0].attempts == 2


async def test_a_living_node_keeps_its_lease_whatever_the_clock_of_another_says(
    database: Database, asks: Asks, clock: FakeClock
) -> None:
    """A gateway whose clock was an hour ahead repeated what another one was sending; a soak found it (I15)."""

    async def beats(node: str) -> None:
        row = {"id": node, "version": "0", "started_at": clock(), "seen_at": clock()}
        await database.write(lambda tx: tx.connection.execute(sa.insert(tables.nodes).values(row)))

    await asks("k_1", 1, 2)
    await beats("n1")
    await beats("n2")
    (held,) = await lease(database, clock, "n1")
    seen_at = clock()
    clock.advance(3600)
    assert await lease(database, clock, "n2") == []
    assert not await database.read(lambda c: outbox.any_due(c, clock(), ["bot"], node="n2"))

    async def again(*running: str) -> list[Job]:
        return await database.write(lambda tx: outbox.lease(tx, "n1", clock(), destinations=("bot",), running=running))

    assert await again(held.id) == [], "this node is carrying it out"
    assert not await database.read(lambda c: outbox.any_due(c, clock(), ["bot"], node="n1", running=[held.id]))
    (dropped,) = await again()
    assert (dropped.id, dropped.attempts) == (held.id, 2)
    assert await database.write(lambda tx: release_lost(tx, ("n1", seen_at), clock()))
    assert [job.id for job in await lease(database, clock, "n2")] == [held.id]


async def test_a_worker_does_not_begin_again_what_it_is_doing(
    database: Database, bell: Bell, asks: Asks, clock: FakeClock
) -> None:
    begun, gate, behind = list[int](), asyncio.Event(), asyncio.Event()

    async def handle(job: Job) -> None:
        begun.append(job.seq)
        if job.conversation != slow.id:
            behind.set()
        else:
            await gate.wait()
        await done(database, job)

    slow = await asks("k_1", 1)
    async with working(database, bell, clock, handle):
        await until(lambda: begun)
        clock.advance(LEASE.total_seconds() + 3600)
        await asks("k_2", 1)  # the worker looks again
        await asyncio.wait_for(behind.wait(), 20)
        assert begun == [1, 1]
        gate.set()
        async with asyncio.timeout(20):
            while set((await states(database)).values()) != {"sent"}:
                await asyncio.sleep(0.01)
    assert begun == [1, 1]


def test_a_lease_outlives_every_bot_and_ends_before_the_customer_is_given_up() -> None:
    """A turn whose process died must be answered by another one before the reply deadline hands it to people."""
    settings = trial_settings()
    slowest = settings.bot_hard_s + 5.0  # Rasa to its limit, then connecting to and asking the knowledge base
    assert slowest < LEASE.total_seconds() < settings.reply_deadline_s


async def test_a_late_failure_does_not_wake_a_row_that_somebody_else_has(
    database: Database, asks: Asks, clock: FakeClock
) -> None:
    await asks("k_1", 1)
    (slow,) = await lease(database, clock, "n1")
    clock.advance(LEASE.total_seconds() + 1)
    (quick,) = await lease(database, clock, "n2")
    await database.write(lambda tx: outbox.put_back(tx.connection, slow, "too late", clock()))
    assert await states(database) == {1: "leased"}
    await done(database, quick)
    await database.write(lambda tx: outbox.put_back(tx.connection, slow, "much too late", clock()))
    assert await states(database) == {1: "sent"}


async def test_a_failed_row_waits_longer_each_time_and_then_is_dead(
    database: Database, asks: Asks, clock: FakeClock
) -> None:
    await asks("k_1", 1, 2)
    waits = []
    for attempt in range(1, MOST_ATTEMPTS + 1):
        (job,) = await lease(database, clock)
        assert (job.seq, job.attempts) == (1, attempt)
        state = await database.write(lambda tx, j=job: outbox.put_back(tx.connection, j, "x" * 900, clock()))
        if state == "dead":
            break
        before = clock()
        while not await database.read(lambda c: outbox.any_due(c, clock(), ["bot"])):
            clock.advance(0.5)
        waits.append((clock() - before).total_seconds())
    assert waits == sorted(waits)
    assert len(waits) == MOST_ATTEMPTS - 1
    assert waits[-1] > 30
    assert await states(database) == {1: "dead", 2: "new"}
    error = await database.read(lambda c: c.execute(sa.select(B.error).where(B.seq == 1)).scalar_one())
    assert error == "x" * 500
    assert [job.seq for job in await lease(database, clock)] == [2], "a dead row does not block its line"


async def test_two_nodes_never_hold_the_same_row(database: Database, asks: Asks, clock: FakeClock) -> None:
    for number in range(30):
        await asks(f"k_{number}", 1)
    taken = await asyncio.gather(*(lease(database, clock, f"n{n}", limit=5) for n in range(10)))
    ids = [job.id for jobs in taken for job in jobs]
    assert len(ids) == len(set(ids))
    ids += [job.id for job in await lease(database, clock)]
    assert len(set(ids)) == 30


@contextlib.asynccontextmanager
async def working(database: Database, bell: Bell, clock: FakeClock, handler: outbox.Handler) -> AsyncIterator[None]:
    worker = OutboxWorker(database, bell, {"bot": handler}, node="n1", clock=clock)
    running = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(condition: Callable[[], Any], limit_s: float = 20.0) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():
            await asyncio.sleep(0.01)


async def test_the_worker_keeps_the_order_of_a_conversation_and_works_on_others_meanwhile(
    database: Database, bell: Bell, asks: Asks, clock: FakeClock
) -> None:
    handled: list[tuple[str, int]] = []
    gate = asyncio.Event()

    async def handle(job: Job) -> None:
        if job.seq == 1 and job.conversation == slow.id:
            await gate.wait()
        handled.append((job.conversation, job.seq))
        await done(database, job)

    slow, quick = await asks("k_1", 1, 2, 3), await asks("k_2", 1, 2)
    async with working(database, bell, clock, handle):
        await until(lambda: len(handled) == 2)
        assert handled == [(quick.id, 1), (quick.id, 2)]
        gate.set()
        await until(lambda: len(handled) == 5)
    assert handled[2:] == [(slow.id, 1), (slow.id, 2), (slow.id, 3)]


async def test_a_worker_that_is_stopped_leaves_its_work_to_the_next_one(
    database: Database, bell: Bell, asks: Asks, clock: FakeClock
) -> None:
    """No customer waits for a lease to run out because the gateway was restarted."""
    begun = asyncio.Event()
    handled: list[int] = []

    async def hang(_: Job) -> None:
        begun.set()
        await asyncio.sleep(60)

    async def handle(job: Job) -> None:
        await done(database, job)
        handled.append(job.seq)

    await asks("k_1", 1)
    async with working(database, bell, clock, hang):
        await asyncio.wait_for(begun.wait(), 20)
    assert await states(database) == {1: "new"}
    async with working(database, bell, clock, handle):
        await until(lambda: handled == [1])
    assert await states(database) == {1: "sent"}


async def test_a_handler_that_fails_stops_neither_the_loop_nor_its_own_row(
    database: Database, bell: Bell, asks: Asks, clock: FakeClock
) -> None:
    tries: list[str] = []

    async def failures() -> int:
        """How often the bad row was put back."""
        query = sa.select(B.attempts).where(B.conversation == bad.id, B.state == "new", B.error.is_not(None))
        return await database.read(lambda connection: connection.execute(query).scalar_one_or_none() or 0)

    async def handle(job: Job) -> None:
        tries.append(job.conversation)
        if job.conversation == bad.id and tries.count(bad.id) < 3:
            raise (ZeroDivisionError if len(tries) % 2 else Unavailable)("the far side is broken")
        await done(database, job)

    bad, good = await asks("k_1", 1), await asks("k_2", 1)
    async with working(database, bell, clock, handle):
        for expected in (1, 2, 3):
            await until(lambda e=expected: tries.count(bad.id) == e)
            for _ in range(100):
                if await failures() == min(expected, 2):
                    break
                await asyncio.sleep(0.01)
            clock.advance(10)
            bell.ring(outbox.OUTBOX_TOPIC)
        async with asyncio.timeout(20):
            while set((await states(database)).values()) != {"sent"}:
                await asyncio.sleep(0.01)
    assert good.id in tries


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("error", [Unavailable("away"), asyncpg.UndefinedTableError("no outbox"), KeyError("a bug")])
async def test_the_worker_outlives_a_database_that_is_away_or_whatever_it_raises(
    database: Database, bell: Bell, asks: Asks, clock: FakeClock, error: Exception
) -> None:
    class Flaky:
        exclusive = False
        failures = 2

        async def read(self, work: Any) -> Any:
            if self.failures:
                self.failures -= 1
                raise error
            return await database.read(work)

        async def write(self, work: Any, *, durable: bool = True) -> Any:
            return await database.write(work, durable=durable)

        async def close(self) -> None: ...

    handled: list[int] = []

    async def handle(job: Job) -> None:
        handled.append(job.seq)
        await done(database, job)

    await asks("k_1", 1)
    async with working(Flaky(), bell, clock, handle):
        await until(lambda: handled == [1])


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("destinations", "durable"), [(["bot"], False), (["channel"], True), (["bot", "channel"], True)]
)
async def test_a_lease_for_a_destination_outside_survives_a_power_failure(
    database: Database, bell: Bell, asks: Asks, clock: FakeClock, destinations: list[str], durable: bool
) -> None:
    """One that was lost with the power would let the delivery happen again, as if for the first time."""
    handled, leased = asyncio.Event(), []

    class Watched:
        exclusive = False
        read = staticmethod(database.read)

        async def write(self, work: Any, *, durable: bool = True) -> Any:
            leased.append(durable)
            return await database.write(work, durable=durable)

        async def close(self) -> None: ...

    async def handle(job: Job) -> None:
        await done(database, job)
        handled.set()

    await asks("k_1", 1, destination=destinations[0])
    worker = OutboxWorker(Watched(), bell, dict.fromkeys(destinations, handle), node="n1", clock=clock)
    running = asyncio.create_task(worker.run())
    await asyncio.wait_for(handled.wait(), 20)
    assert leased[0] is durable
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
