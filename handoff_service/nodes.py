"""Which gateways live: each writes a heartbeat, and what a lost one has leased is released in seconds.

No clock is compared with that of another machine. A node is lost when its heartbeat has not changed for `node_lost_s`
by the watch of the one who looks. A node that was stopped itself trusts nothing that it saw before, is not ready
until it has written a heartbeat again, and does no harm meanwhile: whatever it still writes carries an epoch, a turn
or the attempt of a lease, and is refused when somebody else has taken over.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
import structlog

from handoff_service import outbox, tables
from handoff_service.agents import store as agents
from handoff_service.bell import OUTBOX_TOPIC
from handoff_service.channels import cursors
from handoff_service.clock import Clock
from handoff_service.database import Database, Transaction
from handoff_service.errors import TandemError
from handoff_service.postgres import end_hanging

log = structlog.get_logger()

N = tables.nodes.c
RELEASE = "0.2.0"  # of this code, as pyproject.toml says
BEATS = 4  # in `node_lost_s`
MARGIN = 0.75  # of `node_lost_s`: the rest is for a request on its way


def watch() -> float:
    """Seconds that also pass while the machine sleeps, where the system counts them."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


@dataclass
class _Seen:
    """Another node's latest heartbeat, and when it was first seen here."""

    seen_at: datetime
    first: float


class Nodes:
    """This node's heartbeat and its look at the others. `ready` is false at once after a stall."""

    def __init__(
        self, database: Database, *, node: str, clock: Clock, lost_s: float, watch: Callable[[], float] = watch
    ) -> None:
        self._database = database
        self._node = node
        self._clock = clock
        self._lost_s = lost_s
        self._watch = watch
        self._started_at = clock()
        self._beat_at: float | None = None
        self._others: dict[str, _Seen] = {}

    @property
    def node(self) -> str:
        """The id of this node."""
        return self._node

    @property
    def ready(self) -> bool:
        """Whether the others take this node for alive: its last heartbeat is younger than `node_lost_s`."""
        return self._beat_age() < self._lost_s

    @property
    def in_charge(self) -> bool:
        """Whether no other node can take this one for lost before what is sent now has arrived."""
        return self._beat_age() < self._lost_s * MARGIN

    def _beat_age(self) -> float:
        return math.inf if self._beat_at is None else self._watch() - self._beat_at

    async def run(self) -> None:
        """Beats until cancelled, then says good-bye."""
        try:
            while True:
                try:
                    await self.beat()
                except Exception as error:  # the loop: without it this node is taken for lost
                    log.warning("no heartbeat, trying again", error=error.__class__.__name__)
                await asyncio.sleep(self._lost_s / BEATS)
        finally:
            if not self._database.exclusive:
                with contextlib.suppress(TandemError, sa.exc.SQLAlchemyError):
                    await self._database.write(self._leave, durable=False)

    async def beat(self) -> None:
        """Writes the heartbeat, then releases what lost nodes hold."""
        before = self._watch()
        if not self.ready:  # the first time, or after a stall: what was seen before it tells nothing
            self._others.clear()
        if self._database.exclusive:  # alone on its file
            self._beat_at = before
            return
        others = await self._database.write(self._sign, durable=False)
        if not self.ready:
            log.info("node registered", node=self._node, release=RELEASE)
        self._beat_at = before
        if ended := await self._database.read(end_hanging):
            log.warning("sessions that hang in a transaction are ended", sessions=ended)
        for lost in self._lost(others):
            if await self._database.write(lambda tx, one=lost: release_lost(tx, one, self._clock())):  # type: ignore[misc]
                log.warning("node lost, its leases are released", node=lost[0])

    def _sign(self, tx: Transaction) -> list[tuple[str, datetime]]:
        now = self._clock()
        mine = sa.update(tables.nodes).where(N.id == self._node).values(seen_at=now)
        if tx.connection.execute(mine).rowcount == 0:  # the first time, or taken for lost meanwhile
            tx.connection.execute(
                sa.insert(tables.nodes).values(id=self._node, version=RELEASE, started_at=self._started_at, seen_at=now)
            )
        rows = tx.connection.execute(sa.select(N.id, N.seen_at).where(N.id != self._node))
        return [(row.id, row.seen_at) for row in rows]

    def _lost(self, others: list[tuple[str, datetime]]) -> list[tuple[str, datetime]]:
        now = self._watch()
        self._others = {
            node: seen if (seen := self._others.get(node)) and seen.seen_at == seen_at else _Seen(seen_at, now)
            for node, seen_at in others
        }
        return [(node, seen.seen_at) for node, seen in self._others.items() if now - seen.first >= self._lost_s]

    def _leave(self, tx: Transaction) -> None:
        tx.connection.execute(sa.delete(tables.nodes).where(N.id == self._node))


def release_lost(tx: Transaction, lost: tuple[str, datetime], now: datetime) -> bool:
    """Strikes a node off and frees its leases, unless it has beaten again or another one was quicker."""
    node, seen_at = lost
    if tx.connection.execute(sa.delete(tables.nodes).where(N.id == node, N.seen_at == seen_at)).rowcount == 0:
        return False
    outbox.release(tx.connection, now, node=node)
    cursors.release_all(tx.connection, node)
    agents.end_desks_of(tx.connection, node, now)
    tx.ring(OUTBOX_TOPIC)
    return True
