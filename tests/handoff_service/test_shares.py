"""Fair shares of the places for bot calls: a flood delays nobody but itself (F-108)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from handoff_service.bell import Bell
from handoff_service.conversations.change import Context
from handoff_service.conversations.receive import Sender, receive
from handoff_service.database import Database
from handoff_service.outbox import Job, finish
from handoff_service.outbox_worker import OutboxWorker
from handoff_service.settings import Settings
from handoff_service.shares import Shares
from handoff_service.tenants import store as tenants
from tests.handoff_service.stage import FakeClock, meet, shop


def test_a_tenant_gets_three_quarters_and_his_newcomers_half() -> None:
    shares = Shares([], 8)
    assert [shares.take("a", 2) for _ in range(5)] == [True] * 4 + [False]
    assert [shares.take("a", 9) for _ in range(3)] == [True] * 2 + [False]
    assert shares.used_up() == (["a"], ["a"])
    assert shares.take("b", 2)


def test_one_place_is_for_anybody() -> None:
    assert Shares([], 1).take("a", 2)


class Slow:
    """Carries out jobs when it is told to, in the order in which they came."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.jobs: list[Job] = []
        self.go = asyncio.Semaphore(0)

    async def __call__(self, job: Job) -> None:
        self.jobs.append(job)
        await self.go.acquire()
        await self.database.write(
            lambda tx: finish(tx.connection, job.tenant, job.conversation, "bot", upto_seq=job.seq)
        )

    async def until(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.jobs) < count:
                await asyncio.sleep(0.01)


async def test_a_flood_delays_only_itself(
    database: Database,
    bell: Bell,
    settings: Settings,
    clock: FakeClock,
    arrive: Callable[..., Awaitable[Sender]],
) -> None:
    """Sixty new visitors come first; who is in a conversation, and the other shop's customer, are answered anyway."""

    async def says(sender: Sender, text: str) -> str:
        context = Context(settings, clock())
        body = {"text": text}
        conversation, _ = await database.write(
            lambda tx: receive(tx, sender, client_id=f"{sender.contact}-{text}", body=body, context=context)
        )
        return conversation.id

    regular = await arrive()
    in_conversation = await says(regular, "first")
    handler = Slow(database)
    worker = OutboxWorker(database, bell, {"bot": handler}, node="n", clock=clock, places=8)
    running = asyncio.create_task(worker.run())
    try:
        await handler.until(1)
        handler.go.release()
        await asyncio.sleep(0.1)
        flood = {await says(await arrive(), "flood") for _ in range(60)}
        await handler.until(1 + 4)
        clock.advance(1)
        await says(regular, "second")
        await database.write(lambda tx: tenants.save(tx.connection, shop("other")))
        neighbour = await database.write(lambda tx: meet(tx.connection, clock(), tenant="other"))
        elsewhere = await says(neighbour, "hello")
        await handler.until(1 + 4 + 2)
        running_now = [job.conversation for job in handler.jobs[1:]]
        assert len(flood & set(running_now)) == 4, "newcomers of one shop have half of the eight places"
        assert {in_conversation, elsewhere} <= set(running_now), "they did not wait for sixty others"
        for _ in range(100):
            handler.go.release()
        await handler.until(1 + 60 + 2)
        assert {job.conversation for job in handler.jobs} == flood | {in_conversation, elsewhere}, "all in the end"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
