"""Effects that follow from a commit: written in the same transaction, carried out afterwards, in order.

Each row is for one (conversation, destination) and one entry; only the row with the lowest unfinished `seq` of such a
pair may be leased, so a destination sees a conversation's entries in order. States: new, leased, sent, dead.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from handoff_service import tables
from handoff_service.bell import OUTBOX_TOPIC, Bell
from handoff_service.clock import Clock
from handoff_service.conversations.model import Conversation
from handoff_service.database import Database, Transaction
from handoff_service.errors import TandemError, Unavailable
from handoff_service.failpoints import failpoint
from handoff_service.ids import new_id

log = structlog.get_logger()

B = tables.outbox.c
UNFINISHED = ("new", "leased")
# Longer than all bots of the ladder may take, shorter than the customer is left without an answer: when a process
# dies in the middle of a turn, another one still answers in time.
LEASE = timedelta(seconds=30)
MOST_ATTEMPTS = 8
AT_ONCE = 32
POLL_S = 2.0


@dataclass(frozen=True)
class Job:
    """One leased row."""

    tenant: str
    id: str
    conversation: str
    destination: str
    seq: int
    attempts: int


Handler = Callable[[Job], Awaitable[None]]


def enqueue(tx: Transaction, conversation: Conversation, destination: str, seq: int, now: datetime) -> None:
    """Asks for an effect of entry `seq`, once this transaction is committed."""
    tx.connection.execute(
        sa.insert(tables.outbox).values(
            tenant=conversation.tenant,
            id=new_id("o"),
            conversation=conversation.id,
            destination=destination,
            seq=seq,
            state="new",
            attempts=0,
            next_at=now,
        )
    )
    tx.ring(OUTBOX_TOPIC)


def _due() -> sa.Select[Any]:
    """Rows that at `now` are free, due, and first of their line."""
    now = sa.bindparam("now", type_=B.next_at.type)
    earlier = tables.outbox.alias("earlier")
    first = ~sa.exists().where(
        earlier.c.tenant == B.tenant,
        earlier.c.conversation == B.conversation,
        earlier.c.destination == B.destination,
        earlier.c.seq < B.seq,
        earlier.c.state.in_(UNFINISHED),
    )
    free = sa.or_(B.state == "new", sa.and_(B.state == "leased", B.lease_until <= now))
    return sa.select(tables.outbox).where(free, B.next_at <= now, first)


# Built once: they run several times in every turn, and building them costs more than running them.
ANY_DUE = _due().limit(1)
DUE = _due().order_by(B.next_at).with_for_update(skip_locked=True)
PENDING = sa.select(sa.func.min(B.seq)).where(
    B.tenant == sa.bindparam("tenant"),
    B.conversation == sa.bindparam("conversation"),
    B.destination == sa.bindparam("destination"),
    B.state.in_(UNFINISHED),
)


def lease(tx: Transaction, node: str, now: datetime, *, limit: int = AT_ONCE) -> list[Job]:
    """Takes rows that are due and first of their line, for LEASE; nobody else gets them meanwhile."""
    rows = tx.connection.execute(DUE.limit(limit), {"now": now}).mappings().all()
    jobs = []
    for row in rows:
        tx.connection.execute(
            sa.update(tables.outbox)
            .where(B.tenant == row["tenant"], B.id == row["id"])
            .values(state="leased", lease_owner=node, lease_until=now + LEASE, attempts=B.attempts + 1)
        )
        jobs.append(
            Job(
                row["tenant"],
                row["id"],
                row["conversation"],
                row["destination"],
                row["seq"],
                row["attempts"] + 1,
            )
        )
    return jobs


def finish(connection: sa.Connection, tenant: str, conversation: str, destination: str, *, upto_seq: int) -> None:
    """Marks what was asked for up to an entry as sent."""
    connection.execute(
        sa.update(tables.outbox)
        .where(
            B.tenant == tenant,
            B.conversation == conversation,
            B.destination == destination,
            B.seq <= upto_seq,
            B.state.in_(UNFINISHED),
        )
        .values(state="sent", lease_owner=None, lease_until=None)
    )


def renew(tx: Transaction, tenant: str, conversation: str, destination: str, now: datetime) -> None:
    """Asks for unfinished effects anew: what was under way has no place any more."""
    tx.connection.execute(
        sa.update(tables.outbox)
        .where(
            B.tenant == tenant,
            B.conversation == conversation,
            B.destination == destination,
            B.state.in_(UNFINISHED),
        )
        .values(state="new", next_at=now, lease_owner=None, lease_until=None)
    )
    tx.ring(OUTBOX_TOPIC)


def pending(connection: sa.Connection, tenant: str, conversation: str, destination: str) -> int | None:
    """The lowest entry of the conversation that this destination has not dealt with, or None."""
    line = {"tenant": tenant, "conversation": conversation, "destination": destination}
    return connection.execute(PENDING, line).scalar_one_or_none()


def put_back(connection: sa.Connection, job: Job, error: str, now: datetime) -> str:
    """Plans another attempt after a failure, or gives up for good after MOST_ATTEMPTS. Returns the new state.

    Nothing happens to a row that somebody else has leased since, or finished: `attempts` tells the leases apart.
    """
    dead = job.attempts >= MOST_ATTEMPTS
    delay = timedelta(seconds=min(300.0, 0.5 * 2**job.attempts))
    state = "dead" if dead else "new"
    connection.execute(
        sa.update(tables.outbox)
        .where(B.tenant == job.tenant, B.id == job.id, B.state == "leased", B.attempts == job.attempts)
        .values(state=state, next_at=now + delay, lease_owner=None, lease_until=None, error=error[:500])
    )
    return state


def forget_sent(connection: sa.Connection, before: datetime) -> None:
    """Deletes rows that were sent and were due before this moment."""
    connection.execute(sa.delete(tables.outbox).where(B.state == "sent", B.next_at < before))


def release(connection: sa.Connection, now: datetime, *, node: str | None = None) -> None:
    """Lets go of what a node has leased (None: any node), so that it is taken up again at once."""
    held = sa.update(tables.outbox).where(B.state == "leased")
    if node is not None:
        held = held.where(B.lease_owner == node)
    connection.execute(held.values(state="new", next_at=now, lease_owner=None, lease_until=None))


class OutboxWorker:
    """Carries out what the outbox asks for; the bell wakes it, polling heals a lost ring.

    A handler marks its job as finished in the transaction that holds its result. One that raises is tried again.
    """

    def __init__(
        self, database: Database, bell: Bell, handlers: Mapping[str, Handler], *, node: str, clock: Clock
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._node = node
        self._clock = clock
        self._wake = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        bell.listen(OUTBOX_TOPIC, self._heard)

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
                except (Unavailable, sa.exc.SQLAlchemyError) as error:
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
        with contextlib.suppress(Unavailable):  # then the leases run out
            await self._database.write(lambda tx: release(tx.connection, self._clock(), node=node))

    async def _take(self, *, rung: bool) -> list[Job]:
        free = AT_ONCE - len(self._running)
        if free <= 0:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            return []
        # Asking without a write first keeps an idle worker from committing anything.
        if not rung and not await self._database.read(lambda connection: _any_due(connection, self._clock())):
            return []
        jobs = await self._database.write(lambda tx: lease(tx, self._node, self._clock(), limit=free), durable=False)
        if jobs:
            failpoint("outbox_after_lease")
        for job in jobs:
            task = asyncio.create_task(self._carry_out(job))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return jobs

    async def _carry_out(self, job: Job) -> None:
        try:
            await self._handlers[job.destination](job)
        except Exception as error:  # the job loop: whatever went wrong, the row is tried again and the loop lives
            reason = error.message if isinstance(error, TandemError) else repr(error)
            log.error("outbox job failed", conversation=job.conversation, destination=job.destination, error=reason)
            await self._database.write(lambda tx: put_back(tx.connection, job, reason, self._clock()))
        self._wake.set()


def _any_due(connection: sa.Connection, now: datetime) -> bool:
    return connection.execute(ANY_DUE, {"now": now}).first() is not None
