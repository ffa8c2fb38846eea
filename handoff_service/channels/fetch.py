"""Fetches what platforms keep for us: after a hint and now and then, one gateway at a time for each account."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from handoff_service.bell import Bell
from handoff_service.channels import cursors, store
from handoff_service.channels.arrive import arrive
from handoff_service.channels.caller import Caller
from handoff_service.channels.model import Account, Channel, Fetched, Fetching
from handoff_service.channels.sealing import Seal
from handoff_service.clock import Clock
from handoff_service.conversations.change import Context
from handoff_service.database import Database, Transaction
from handoff_service.errors import Fenced, NotDelivered, TandemError
from handoff_service.settings import Settings

log = structlog.get_logger()

FETCH_TOPIC = "fetch"
LOOK_EVERY_S = 5.0


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
        bell.listen(FETCH_TOPIC, self._heard)

    def _heard(self, _: str, hint: Any) -> None:
        if isinstance(hint, list) and len(hint) == 2:
            self._hints.add((str(hint[0]), str(hint[1])))
        self._wake.set()

    async def run(self) -> None:
        """Looks after every account of a platform that must be asked; what fails is tried again."""
        names = [name for name, channel in self._channels.items() if isinstance(channel, Fetching)]
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
            await asyncio.gather(*(self._one(tenant, account) for tenant, account in due))
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def _one(self, tenant: str, account: str) -> None:
        loop = asyncio.get_running_loop()
        try:
            known = await self._database.read(lambda connection: store.find(connection, tenant, account, self._seal))
            channel = self._channels[known.channel]
            assert isinstance(channel, Fetching)
            self._next[tenant, account] = loop.time() + channel.every_s
            if not known.disabled:
                await self.catch_up(known, channel)
        except (TandemError, NotDelivered) as error:
            reason = error.message
            log.warning("fetching failed, trying again", account=account, error=reason)
            await self._database.write(lambda tx: store.failed(tx.connection, tenant, account, reason[:500]))

    async def catch_up(self, account: Account, channel: Any) -> int:
        """Fetches until there is no more; how many events came. Each piece is stored with the cursor behind it."""
        tenant, name = account.tenant, account.id
        cursor = await self._database.write(
            lambda tx: cursors.lease(tx.connection, tenant, name, self._node, self._clock())
        )
        if cursor is None:
            return 0
        came, more = 0, True
        try:
            while more:
                fetched: Fetched = await channel.fetch(self._caller, account, cursor)
                cursor, more, came = fetched.cursor, fetched.more, came + len(fetched.events)
                await self._database.write(lambda tx, one=fetched: self._store(tx, account, channel, one))  # type: ignore[misc]
        finally:
            await self._database.write(lambda tx: cursors.release(tx.connection, tenant, name, self._node))
        return came

    def _store(self, tx: Transaction, account: Account, channel: Channel, fetched: Fetched) -> None:
        context = Context(self._settings, self._clock())
        if not cursors.advance(tx.connection, account.tenant, account.id, self._node, fetched.cursor, context.now):
            raise Fenced("Another gateway reads this account by now.")
        for event in fetched.events:
            arrive(tx, account, event, channel.abilities, self._seal, context)
