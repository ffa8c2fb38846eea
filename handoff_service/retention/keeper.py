"""The keeper: carries erasures to their end, also those of a process that died, and lets old conversations go.

It also looks for what nobody else has a reason to look for: windows of platforms that close soon.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import asyncpg
import sqlalchemy as sa
import structlog

from handoff_service.analytics.signals import tally
from handoff_service.channels.closing import warn
from handoff_service.channels.registry import CHANNELS
from handoff_service.clock import Clock
from handoff_service.conversations.change import Context
from handoff_service.database import Database, Transaction
from handoff_service.errors import Unavailable
from handoff_service.failpoints import failpoint
from handoff_service.retention import erased_list, store
from handoff_service.retention.erase import advance, forget_contact
from handoff_service.retention.expire import expire
from handoff_service.settings import Settings
from handoff_service.tenants import store as tenants

log = structlog.get_logger()

EVERY_S = 15.0
# A job that nobody has moved for so long belongs to a process that died.
ABANDONED = timedelta(seconds=30)
# Batches of one round; more would keep abandoned erasures waiting.
ROUND = 50
# How often is looked for what an older release, still running beside this one, has left of those whom it erased.
LOOK_AGAIN = timedelta(hours=1)
WARN_EVERY = timedelta(minutes=5)
TOUCHED = (
    "entries",
    "conversations",
    "contacts",
    "contact_identities",
    "contact_care",
    "visitor_tokens",
    "used_identity_tokens",
    "handoffs",
    "tickets",
    "ticket_events",
    "ticket_words",
    "complaints",
    "remedies",
    "outbox",
    "turns",
    "operations",
    "cursors",
    "inbox",
    "deliveries",
    "promises",
    "channel_windows",
    "channel_media",
    "files",
)


class Keeper:
    """`run` works until cancelled; `finish` is for those who wait for the end of an erasure."""

    def __init__(self, database: Database, settings: Settings, clock: Clock) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._started = False
        self._look_at: datetime | None = None
        self._warn_at: datetime | None = None

    async def run(self) -> None:
        """A round every EVERY_S seconds; one that fails is logged and the next one tries again."""
        while True:
            try:
                await self.round()
            except Exception as error:  # the loop: one round that fails must not be the last
                log.warning("keeping failed, trying again", error=repr(error))
            await asyncio.sleep(EVERY_S)

    async def round(self) -> None:
        """Takes up abandoned erasures, then lets go what has been kept long enough; at last counts for the reports."""
        # The only process of a database is new: whoever worked on its jobs was killed.
        alone = self._database.exclusive and not self._started
        self._started = True
        now = self._clock()
        before = now + timedelta(seconds=1) if alone else now - ABANDONED
        for job in await self._database.write(lambda tx: store.take_abandoned(tx.connection, before, now)):
            try:
                await self.finish(job)
            except Unavailable as error:  # it must not keep the others waiting
                log.warning("an erasure has to wait, trying again", job=job.id, reason=error.message)
        for tenant in await self._database.read(tenants.everyone):
            if tenant.settings.retention_days is not None:
                await self._expire(tenant.id)
        await self._finish_for_others(now)
        if self._warn_at is None or now >= self._warn_at:
            self._warn_at = now + WARN_EVERY
            await warn(self._database, CHANNELS, self._context())
        await tally(self._database, now)

    async def _finish_for_others(self, now: datetime) -> None:
        """During an upgrade a replica of the release before erases what it knows; what is newer goes here."""
        if self._look_at is not None and now < self._look_at:
            return
        left = await self._database.read(store.half_erased)
        for tenant, contact in left:
            await self._database.write(partial(forget_contact, tenant=tenant, contact=contact, context=self._context()))
        if left:
            log.info("erasures of an older release finished", contacts=len(left))
            await shred(self._database, self._settings.database)
        self._look_at = now + LOOK_AGAIN

    async def finish(self, job: store.Job) -> store.Job:
        """Carries an erasure to its end. Raises Unavailable when it cannot now; the keeper tries again later."""
        await asyncio.to_thread(erased_list.note, self._settings.var, job.tenant, job.subject, self._clock())
        while job.state == "running":
            if job.step == "proof":
                await shred(self._database, self._settings.database)
            job = await self._database.write(partial(advance, job=job, context=self._context()))
            failpoint("erase_step")
        return job

    async def finish_all(self, tenant: str, names: Sequence[str]) -> dict[str, Any]:
        """Carries the erasures of one person as far as is possible now; `running` until all of them are done."""
        jobs = [await self._database.read(partial(store.find_job, tenant=tenant, job=name)) for name in names]
        with contextlib.suppress(Unavailable):  # the keeper tries again later
            for job in jobs:
                await self.finish(job)
        jobs = [await self._database.read(partial(store.find_job, tenant=tenant, job=name)) for name in names]
        erased: Counter[str] = Counter()
        for job in jobs:
            erased.update(job.progress)
        state = "done" if all(job.state == "done" for job in jobs) else "running"
        return {"job": names[0], "state": state, "erased": dict(erased)}

    async def _expire(self, tenant: str) -> None:
        batch = 0
        for _ in range(ROUND):
            batch = await self._database.write(partial(expire, tenant=tenant, context=self._context()))
            if batch == 0:
                break
            log.info("conversations expired", tenant=tenant, count=batch)
            await shred(self._database, self._settings.database)

    def _context(self) -> Context:
        return Context(self._settings, self._clock())


async def shred(database: Database, url: str) -> None:
    """Takes what was overwritten out of the files. Raises Unavailable while a reader needs it.

    On SQLite pages are wiped as they are written (`secure_delete`) and the write-ahead log is emptied. On PostgreSQL
    the dead rows are vacuumed; their bytes go when the page is used again, and stay in archived log files.
    """
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        await database.write(_forget)
        return
    try:
        connection = await asyncpg.connect(address.set(drivername="postgresql").render_as_string(hide_password=False))
        try:
            await connection.execute(f"VACUUM {', '.join(TOUCHED)}")
        finally:
            await connection.close()
    except (OSError, asyncpg.PostgresError) as error:
        raise Unavailable("The database cannot be vacuumed now; trying again later.") from error


def _forget(tx: Transaction) -> None:
    tx.forgets = True
