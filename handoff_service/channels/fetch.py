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
from handoff_service.channels.reading import usable
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
AT_ONCE = 4  # mailboxes are read in threads, of which there are not many; one slow server keeps no other waiting
HINTED_AT_ONCE = 12  # beside them, for accounts that have something


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
        # Accounts in the order in which they came: those of which we were told, and those whose time it is.
        self._hints: dict[tuple[str, str], str] = {}  # with the platform's ticket, if it gave one
        self._due: dict[tuple[str, str], str] = {}
        self._next: dict[tuple[str, str], float] = {}
        self._failures: dict[tuple[str, str], int] = {}  # in a row
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._looking: set[tuple[str, str]] = set()  # those of them whose time it was
        bell.listen(FETCH_TOPIC, self._heard)

    def _heard(self, _: str, hint: Any) -> None:
        if isinstance(hint, list) and len(hint) >= 2:  # the release before this one knows no tickets
            self._hints[str(hint[0]), str(hint[1])] = str(hint[2]) if len(hint) > 2 else ""
        self._wake.set()

    async def run(self) -> None:
        """Looks after every account of a platform that must be asked; what fails is tried again."""
        if self._database.exclusive:  # whoever read was killed
            with contextlib.suppress(TandemError):
                await self._database.write(lambda tx: cursors.release_all(tx.connection))
        loop = asyncio.get_running_loop()
        looked_at = -LOOK_EVERY_S
        try:
            while True:
                self._wake.clear()
                # A message that was told of costs nothing per account that is silent, and waits for none of them.
                self._begin(self._hints, HINTED_AT_ONCE)
                if loop.time() - looked_at >= LOOK_EVERY_S:
                    looked_at = loop.time()
                    # Behind those who wait since the last time.
                    self._due |= dict.fromkeys(await self._silent(looked_at), "")
                self._begin(self._due, AT_ONCE)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, looked_at + LOOK_EVERY_S - loop.time())):
                        await self._wake.wait()
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _silent(self, now: float) -> list[tuple[str, str]]:
        """The accounts that are to be asked although nobody told of anything, by the watch of the loop."""
        names = [name for name in self._channels if name in FETCHING]
        try:
            accounts = await self._database.read(lambda connection: store.of_channels(connection, names))
        except TandemError as error:
            log.warning("accounts cannot be read, trying again", error=error.message)
            return []
        return [one for one in accounts if self._next.get(one, 0.0) <= now]

    def _begin(self, waiting: dict[tuple[str, str], str], places: int) -> None:
        """Asks for those who wait, in their order, as long as there is a place; who is being asked goes on waiting.

        The places of both lists are apart: busy accounts must not keep the mailboxes of others from being read.
        """
        is_due = waiting is self._due
        for one in list(waiting):
            if (len(self._looking) if is_due else len(self._running) - len(self._looking)) >= places:
                return
            if one not in self._running:
                if is_due:
                    self._looking.add(one)
                self._running[one] = asyncio.create_task(self._fetch(*one, waiting.pop(one)))
                self._running[one].add_done_callback(functools.partial(self._done, one))

    def _done(self, account: tuple[str, str], _: asyncio.Task[None]) -> None:
        self._running.pop(account, None)
        self._looking.discard(account)
        if self._hints or self._due:
            self._wake.set()

    async def _fetch(self, tenant: str, account: str, ticket: str) -> None:
        loop, whose = asyncio.get_running_loop(), (tenant, account)
        self._next[whose] = loop.time() + LOOK_EVERY_S
        failures, every_s = self._failures.pop(whose, 0), LOOK_EVERY_S
        try:
            known = await self._database.read(lambda connection: store.find(connection, tenant, account, self._seal))
            fetching = FETCHING[known.channel]
            every_s = fetching.every_s
            self._next[whose] = loop.time() + every_s
            if not known.disabled and await self.catch_up(known, fetching, ticket) is None:
                self._next[whose] = loop.time() + LOOK_EVERY_S  # who reads now may never finish
        except Exception as error:  # the loop: whatever one platform says, the others are asked
            self._failures[whose] = failures + 1
            self._next[whose] = loop.time() + min(every_s, LOOK_EVERY_S * 2.0 ** min(failures, 10))
            reason = error.message if isinstance(error, TandemError) else repr(error)
            log.warning("fetching failed, trying again", account=account, error=reason)
            with contextlib.suppress(TandemError):
                await self._database.write(
                    lambda tx: store.failed(tx.connection, tenant, account, reason[:500], self._clock())
                )

    async def catch_up(self, account: Account, fetching: Fetching, ticket: str) -> int | None:
        """Fetches until there is no more; how many events came, None while another gateway reads this account."""
        tenant, name = account.tenant, account.id
        cursor = await self._database.write(
            lambda tx: cursors.lease(tx.connection, tenant, name, self._node, self._clock())
        )
        if cursor is None:
            return None
        came, more, shown = 0, True, [ticket] if ticket else []
        try:
            while more:
                fetched: Fetched = await fetching.fetch(self._caller, account, cursor, *shown)
                events = usable(fetched.events, account)
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
