"""Who carries out what the outbox asks for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping

import structlog

from handoff_service.bell import OUTBOX_TOPIC, Bell
from handoff_service.clock import Clock
from handoff_service.database import Database
from handoff_service.errors import TandemError, Unavailable
from handoff_service.failpoints import failpoint
from handoff_service.outbox import AT_ONCE, OUTSIDE, POLL_S, Job, any_due, lease, outbox_topic, put_back, release
from handoff_service.shares import Shares

log = structlog.get_logger()

Handler = Callable[[Job], Awaitable[None]]


class OutboxWorker:
    """Carries out what the outbox asks for at some destinations; the bell wakes it, polling heals a lost ring.

    Destinations of one worker share its `places`; one that may be slow for long gets a worker of its own. A
    handler marks its job as finished in the transaction that holds its result. One that raises is tried again.
    """

    def __init__(
        self,
        database: Database,
        bell: Bell,
        handlers: Mapping[str, Handler],
        *,
        node: str,
        clock: Clock,
        places: int = AT_ONCE,
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._destinations = tuple(handlers)
        self._node = node
        self._clock = clock
        self._places = places
        self._wake = asyncio.Event()
        self._running: dict[asyncio.Task[None], Job] = {}
        for topic in (OUTBOX_TOPIC, *map(outbox_topic, handlers)):
            bell.listen(topic, self._heard)

    def _heard(self, _: str, __: object) -> None:
        self._wake.set()

    async def run(self) -> None:
        """Works until cancelled; jobs that are under way are cancelled too and left to the next one who works."""
        if self._database.exclusive:  # whoever held a lease was killed
            await self._release(None)
        rung = False
        try:
            while True:
                self._wake.clear()
                try:
                    jobs = await self._take(rung=rung)
                except Exception as error:  # the loop: whatever went wrong, it is tried again
                    log.warning("outbox cannot be read, trying again", error=repr(error))
                    await asyncio.sleep(1)
                    continue
                rung = False
                if not jobs:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(POLL_S):  # wait_for of Python 3.11 can swallow a cancellation
                            rung = await self._wake.wait()
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
            await self._release(self._node)

    async def _release(self, node: str | None) -> None:
        try:
            await self._database.write(
                lambda tx: release(tx.connection, self._clock(), node=node, destinations=self._destinations)
            )
        except Exception as error:  # then the leases run out
            log.warning("leases not released", error=repr(error))

    async def _take(self, *, rung: bool) -> list[Job]:
        free = self._places - len(self._running)
        if free <= 0:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            return []
        # Asking without a write first keeps an idle worker from committing anything.
        ids = {job.id for job in self._running.values()}
        if not rung and not await self._database.read(
            lambda c: any_due(c, self._clock(), self._destinations, node=self._node, running=ids)
        ):
            return []
        running = [(job.tenant, job.seq) for job in self._running.values()]
        jobs = await self._database.write(
            lambda tx: lease(
                tx,
                self._node,
                self._clock(),
                destinations=self._destinations,
                limit=free,
                shares=Shares(running, self._places),  # anew each time that this runs
                running=ids,
            ),
            durable=not OUTSIDE.isdisjoint(self._destinations),  # else an effect is repeated as if for the first time
        )
        if jobs:
            failpoint("outbox_after_lease")
        for job in jobs:
            task = asyncio.create_task(self._carry_out(job))
            self._running[task] = job
            task.add_done_callback(self._done)
        return jobs

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._wake.set()  # now that its place is free

    async def _carry_out(self, job: Job) -> None:
        try:
            await self._handlers[job.destination](job)
        except Exception as error:  # the job loop: whatever went wrong, the row is tried again and the loop lives
            reason = error.message if isinstance(error, TandemError) else repr(error)
            log.error("outbox job failed", conversation=job.conversation, destination=job.destination, error=reason)
            uncertain = job.destination in OUTSIDE
            with contextlib.suppress(Unavailable):  # then the lease runs out
                await self._database.write(
                    lambda tx: put_back(tx.connection, job, reason, self._clock(), uncertain=uncertain)
                )
