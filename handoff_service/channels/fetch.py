"""Fetches what platforms keep for us: after a hint and now and then, one gateway at a time for each account."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Mapping
from typing import Any

import structlog

from handoff_service.bell import Bell
from handoff_service.channels import cursors, store
from handoff_service.channels.arrive import take
from handoff_service.channels.caller import Caller
from handoff_service.channels.model import Account, Channel, Fetched, Fetching
from handoff_service.channels.reading import in_bounds
from handoff_service.channels.registry import FETCHING
from handoff_service.channels.sealing import Seal
from handoff_service.clock import Clock
from handoff_service.conversations.change import Context
from handoff_service.database import Database
from handoff_service.errors import TandemError
from handoff_service.settings import Settings

log = structlog.get_logger()

FETCH_TOPIC = "fetch"
LOOK_EVERY_S = 5.0
AT_ONCE = 4  # mailboxes are read in threads, of which there are not many


class Fetcher:
    """`run` works until cancelled."""

    def __init__(
        self,
        database: Database,
        bell: Bell,
        caller: Caller,
        settings: Settings,
        clock: Clock,
        channels: Mapping[str, Channel],
        *,
        node: str,
    ) -> None:
        self._database = database
        self._caller = caller
        self._settings = settings
        self._clock = clock
        self._channels = channels
        self._node = node
        self._seal = Seal(settings.encryption_key.get_secret_value())
        self._wake = asyncio.Event()
        self._hints: set[tuple[str, str]] = set()
        self._next: dict[tuple[str, str], float] = {}
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._places = asyncio.Semaphore(AT_ONCE)
        bell.listen(FETCH_TOPIC, self._heard)

    def _heard(self, _: str, hint: Any) -> None:
        if isinstance(hint, list) and len(hint) == 2:
            self._hints.add((str(hint[0]), str(hint[1])))
        self._wake.set()

    async def run(self) -> None:
        """Looks after every account of a platform that must be asked; what fails is tried again."""
        names = [name for name in self._channels if name in FETCHING]
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            hinted, self._hints = self._hints, set()
            try:
                accounts = await self._database.read(lambda connection: store.of_channels(connection, names))
            except TandemError as error:
                log.warning("accounts cannot be read, trying again", error=error.message)
                accounts = []
            due = [one for one in accounts if one in hinted or self._next.get(one, 0.0) <= loop.time()]
            for one in due:
                if one in self._running:  # and once more afterwards, for what it may have missed
                    self._hints |= {one} & hinted
                    continue
                self._running[one] = asyncio.create_task(self._one(*one))
                self._running[one].add_done_callback(functools.partial(self._done, one))
            try:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await self._wake.wait()
            except asyncio.CancelledError:
                for task in self._running.values():
                    task.cancel()
                await asyncio.gather(*self._running.values(), return_exceptions=True)
                raise

    def _done(self, account: tuple[str, str], _: asyncio.Task[None]) -> None:
        self._running.pop(account, None)
        if account in self._hints:
            self._wake.set()

    async def _one(self, tenant: str, account: str) -> None:
        async with self._places:  # one slow server keeps no other account waiting
            await self._fetch(tenant, account)

    async def _fetch(self, tenant: str, account: str) -> None:
        loop = asyncio.get_running_loop()
        self._next[tenant, account] = loop.time() + LOOK_EVERY_S
        try:
            known = await self._database.read(lambda connection: store.find(connection, tenant, account, self._seal))
            fetching = FETCHING[known.channel]
            self._next[tenant, account] = loop.time() + fetching.every_s
            if not known.disabled:
                await self.catch_up(known, fetching)
        except Exception as error:  # the loop: whatever one platform says, the others are asked
            reason = error.message if isinstance(error, TandemError) else repr(error)
            log.warning("fetching failed, trying again", account=account, error=reason)
            with contextlib.suppress(TandemError):
                await self._database.write(
                    lambda tx: store.failed(tx.connection, tenant, account, reason[:500], self._clock())
                )

    async def catch_up(self, account: Account, fetching: Fetching) -> int:
        """Fetches until there is no more; how many events came."""
        tenant, name = account.tenant, account.id
        cursor = await self._database.write(
            lambda tx: cursors.lease(tx.connection, tenant, name, self._node, self._clock())
        )
        if cursor is None:
            return 0
        came, more = 0, True
        try:
            while more:
                fetched: Fetched = await fetching.fetch(self._caller, account, cursor)
                events = [in_bounds(one) for one in fetched.events]
                await take(
                    self._database,
                    account,
                    self._channels[account.channel].abilities,
                    events,
                    self._seal,
                    self._context(),
                )
                # Behind the events: when it is not written, they come again and are duplicates.
                behind = fetched.cursor
                if not await self._database.write(
                    lambda tx, to=behind: cursors.advance(tx.connection, tenant, name, self._node, to, self._clock())  # type: ignore[misc]
                ):
                    return came  # another gateway reads this account by now
                cursor, more, came = behind, fetched.more, came + len(events)
        finally:
            await self._database.write(lambda tx: cursors.release(tx.connection, tenant, name, self._node))
        return came

    def _context(self) -> Context:
        return Context(self._settings, self._clock())
