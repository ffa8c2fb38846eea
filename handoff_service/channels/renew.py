"""Renews access tokens before they end, and what renews them, one gateway at a time for each account."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta
from typing import Any

import structlog

from handoff_service.bell import Bell
from handoff_service.channels import cursors, store
from handoff_service.channels.caller import Caller
from handoff_service.channels.model import Account
from handoff_service.channels.reading import OTHER_SHAPE
from handoff_service.channels.registry import RENEWING
from handoff_service.channels.renewing import REFRESH_TOKEN, RENEW_TOPIC, Renewed
from handoff_service.channels.sealing import Seal
from handoff_service.clock import Clock
from handoff_service.database import Database, Transaction
from handoff_service.errors import NotDelivered, TandemError
from handoff_service.settings import Settings

log = structlog.get_logger()

LOOK_EVERY_S = 60.0
AT_ONCE = 8
# So long before its end an access token is renewed: a week without any gateway does no harm.
SOON = timedelta(days=7)
# A refresh token can be renewed a few times only, so not earlier than this.
REFRESH_SOON = timedelta(days=3)
LONGEST_WAIT_S = 3600.0  # until what has failed is tried again

Whose = tuple[str, str]  # tenant, account


class Renewer:
    """`run` works until cancelled."""

    def __init__(
        self, database: Database, bell: Bell, caller: Caller, settings: Settings, clock: Clock, *, node: str
    ) -> None:
        self._database = database
        self._caller = caller
        self._clock = clock
        self._node = node
        self._seal = Seal(settings.encryption_key.get_secret_value())
        self._wake = asyncio.Event()
        self._half: dict[Whose, timedelta] = {}  # of the time for which the last token was good
        self._failures: dict[Whose, int] = {}  # in a row
        self._not_before: dict[Whose, float] = {}
        bell.listen(RENEW_TOPIC, self._heard)

    def _heard(self, _: str, __: Any) -> None:
        self._wake.set()

    async def run(self) -> None:
        """Looks every minute, and at once when it is told to."""
        while True:
            self._wake.clear()
            await self.look()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._wake.wait()

    async def look(self) -> None:
        """Renews everything whose time it is; what fails is tried again later."""
        now = self._clock()
        try:
            due = await self._database.read(
                lambda connection: store.to_renew(
                    connection, list(RENEWING), now, access_by=now + SOON, refresh_by=now + REFRESH_SOON
                )
            )
        except TandemError as error:
            log.warning("accounts cannot be read, trying again", error=error.message)
            return
        watch = asyncio.get_running_loop().time()
        ready = [one.whose for one in due if self._is_time(one, now) and self._not_before.get(one.whose, 0.0) <= watch]
        for start in range(0, len(ready), AT_ONCE):
            await asyncio.gather(*(self._renew(whose) for whose in ready[start : start + AT_ONCE]))

    def _is_time(self, one: store.Ending, now: datetime) -> bool:
        """A platform may give tokens that are good for less than SOON: those are renewed after half of their time."""
        if one.refresh_is_due or one.token_until is None:
            return True
        return one.token_until - now < self._half.get(one.whose, SOON)

    async def _renew(self, whose: Whose) -> None:
        """One account; whatever its platform says, the others have their turn."""
        tenant, account = whose
        try:
            if (
                await self._database.write(
                    lambda tx: cursors.lease(tx.connection, tenant, account, self._node, self._clock())
                )
                is None
            ):
                return  # another gateway does it
            try:
                await self._carry_out(whose)
            finally:
                await self._database.write(lambda tx: cursors.release(tx.connection, tenant, account, self._node))
        except (TandemError, *OTHER_SHAPE) as error:
            failures = self._failures[whose] = self._failures.get(whose, 0) + 1
            wait_s = min(LONGEST_WAIT_S, LOOK_EVERY_S * 2.0 ** min(failures - 1, 10))
            self._not_before[whose] = asyncio.get_running_loop().time() + wait_s
            reason = error.message if isinstance(error, TandemError) else f"the platform's answer: {error!r}"
            log.warning("a token is not renewed, trying again", account=account, error=reason)
            with contextlib.suppress(TandemError):
                await self._database.write(
                    lambda tx: store.failed(tx.connection, tenant, account, reason[:500], self._clock())
                )
            return
        self._failures.pop(whose, None)
        self._not_before.pop(whose, None)

    async def _carry_out(self, whose: Whose) -> None:
        """Raises NotDelivered when the platform cannot be asked now, and Unavailable."""
        account, now = await self._known(whose), self._clock()
        renewing = RENEWING[account.channel]
        if not account.secret(REFRESH_TOKEN) or account.refresh_until is None:
            return
        try:
            if account.token_until is None or account.token_until - now < SOON:
                await self._keep(account, await renewing.access(self._caller, account))
        except NotDelivered as error:
            if not error.final:
                raise
            reason = error.message
            await self._database.write(lambda tx: _ended(tx, account, reason, now))
            return
        account = await self._known(whose)
        if account.refresh_until is None or account.refresh_until - now >= REFRESH_SOON or account.refresh_is_last:
            return
        try:
            given = await renewing.refresh(self._caller, account)
        except NotDelivered as error:
            if not error.final:
                raise
            log.warning("a refresh token is the last one", account=account.id, error=error.message)
            await self._database.write(lambda tx: store.set_refresh(tx.connection, account, is_last=True))
            return
        await self._keep(account, given)

    async def _known(self, whose: Whose) -> Account:
        return await self._database.read(lambda connection: store.find(connection, *whose, self._seal))

    async def _keep(self, account: Account, given: Renewed) -> None:
        """At once: what the platform has replaced is good for nothing any more."""
        now = self._clock()
        if given.lasts is not None:
            self._half[account.tenant, account.id] = given.lasts / 2
        kept = await self._database.write(
            lambda tx: store.renewed(
                tx.connection,
                account,
                given.secrets,
                token_until=now + given.lasts if given.lasts is not None else None,
                refresh_until=now + given.refresh_lasts if given.refresh_lasts is not None else None,
                seal=self._seal,
            )
        )
        log.info("token renewed", account=account.id, fields=sorted(given.secrets), kept=kept)


def _ended(tx: Transaction, account: Account, reason: str, now: datetime) -> None:
    """The platform renews nothing any more: a person must let us in anew."""
    until = min(account.refresh_until or now, now)
    store.set_refresh(tx.connection, account, until=until, is_last=True)
    store.failed(tx.connection, account.tenant, account.id, reason[:500], now)
