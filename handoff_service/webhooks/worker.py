"""Sends what was announced: a few at a time to each webhook, so that one which is slow holds up nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from datetime import datetime, timedelta

import httpx2
import structlog

from handoff_service import audit
from handoff_service.bell import Bell
from handoff_service.channels.http_delivery import exchange
from handoff_service.channels.sealing import Seal
from handoff_service.clock import Clock
from handoff_service.database import Database, Transaction
from handoff_service.errors import NotDelivered, NotFound, TandemError, Unavailable
from handoff_service.failpoints import failpoint
from handoff_service.webhooks import store
from handoff_service.webhooks.announce import TOPIC
from handoff_service.webhooks.model import EventType, Message, MessageState, Webhook, next_attempt
from handoff_service.webhooks.signing import headers

log = structlog.get_logger()

AT_ONCE = 4  # to one webhook, from all gateways together
POLL_S = 2.0
TOTAL_S = 10.0  # for one attempt, well before its lease ends
TIDY_EVERY = timedelta(minutes=10)
SENT_KEPT, DEAD_KEPT = timedelta(days=7), timedelta(days=30)
GONE = 410
ANSWERS = range(300, 600)  # all of them are ours to judge: none is final, but GONE


class WebhookWorker:
    """Carries out deliveries until cancelled; what is under way then is taken up again when its lease runs out."""

    def __init__(self, database: Database, bell: Bell, client: httpx2.AsyncClient, seal: Seal, clock: Clock) -> None:
        self._database = database
        self._client = client
        self._seal = seal
        self._clock = clock
        self._wake = asyncio.Event()
        self._running: dict[asyncio.Task[None], tuple[str, str]] = {}
        self._tidied_at: datetime | None = None
        bell.listen(TOPIC, self._heard)

    def _heard(self, _: str, __: object) -> None:
        self._wake.set()

    async def run(self) -> None:
        """Sends until cancelled."""
        try:
            while True:
                self._wake.clear()
                try:
                    if await self.begin():
                        await asyncio.sleep(0)
                        continue
                    await self._tidy()
                except Exception as error:  # the loop: one look that fails must not end the gateway
                    log.error("webhooks: cannot look for work", error=repr(error))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), POLL_S)
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def begin(self) -> int:
        """Begins what is due as far as places are free. Returns how many deliveries were begun."""
        now, busy = self._clock(), Counter(self._running.values())
        due = await self._database.read(lambda connection: store.due_webhooks(connection, now))
        begun = 0
        for tenant, webhook in due:
            begun += await self._begin(tenant, webhook) if busy[tenant, webhook] < AT_ONCE else 0
        return begun

    async def _begin(self, tenant: str, webhook: str) -> int:
        def take(tx: Transaction) -> tuple[Webhook, list[Message]]:
            leased = store.lease(tx.connection, tenant, webhook, self._clock(), at_once=AT_ONCE)
            return store.find(tx.connection, tenant, webhook, self._seal), leased

        try:
            to, leased = await self._database.write(take)
        except (NotFound, Unavailable) as error:  # taken away meanwhile; sealed with a key that is gone
            log.error("webhook cannot be told", webhook=webhook, error=error.message)
            return 0
        for message in leased:
            task = asyncio.create_task(self._deliver(to, message))
            self._running[task] = (tenant, webhook)
            task.add_done_callback(self._done)
        return len(leased)

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._wake.set()  # now that its place is free, and the next message about its subject may go

    async def _deliver(self, to: Webhook, message: Message) -> None:
        started, begun = self._clock(), time.monotonic()
        status, error = await self._attempt(to, message)
        failpoint("webhook_after_http")
        took_ms = round((time.monotonic() - begun) * 1000)

        def settle(tx: Transaction) -> None:
            ended = self._clock()
            state, next_at = _outcome(message, status, error, ended)
            ends = None if state is MessageState.WAITING else ended
            if not store.settle(tx.connection, message, state=state, error=error, next_at=next_at, ended_at=ends):
                return
            store.note_attempt(tx.connection, message, at=started, took_ms=took_ms, status=status, error=error)
            if status == GONE:
                _switch_off(tx, to, ended)

        try:
            await self._database.write(settle)
        except TandemError as problem:  # the lease runs out, and the receiver drops the repeat
            log.error("webhook: outcome not written", message=message.id, error=problem.message)

    async def _attempt(self, to: Webhook, message: Message) -> tuple[int | None, str | None]:
        """The status, if there was one, and what is wrong with it."""
        body = json.dumps(message.body, ensure_ascii=False, separators=(",", ":")).encode()
        signed = headers(to.secrets, message.id, int(self._clock().timestamp()), body)
        given = {"Content-Type": "application/json", "User-Agent": "Tandem-Webhooks/1", **signed}
        try:
            status, _ = await exchange(
                self._client, "POST", to.url, given, {"content": body}, judges=ANSWERS, total_s=TOTAL_S
            )
        except NotDelivered as error:
            return None, error.message
        return status, None if status < 300 else f"{httpx2.URL(to.url).host} answered {status}"

    async def _tidy(self) -> None:
        now = self._clock()
        if self._tidied_at is not None and now - self._tidied_at < TIDY_EVERY:
            return
        self._tidied_at = now
        sent, dead = now - SENT_KEPT, now - DEAD_KEPT
        await self._database.write(
            lambda tx: store.forget_ended(tx.connection, sent_before=sent, dead_before=dead), durable=False
        )


def _outcome(message: Message, status: int | None, error: str | None, now: datetime) -> tuple[MessageState, datetime]:
    """What becomes of a message after an attempt, and when it is due next, if it is."""
    if error is None:
        return MessageState.SENT, now
    again = next_attempt(message.event, message.attempts, now)
    if again is None and (status != GONE or message.event == EventType.TEST):
        return MessageState.DEAD, now
    return MessageState.WAITING, again or now


def _switch_off(tx: Transaction, webhook: Webhook, now: datetime) -> None:
    """The receiver said that it is gone for good; what waits for it stays until somebody switches it on again."""
    store.change(tx.connection, webhook.tenant, webhook.id, disabled=True)
    audit.record(
        tx,
        webhook.tenant,
        actor="system",
        action="webhook_disabled",
        subject=webhook.id,
        detail={"status": GONE},
        now=now,
    )
