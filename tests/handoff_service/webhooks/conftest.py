"""A webhook of the demo shop whose receiver is a real server, and the worker, moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from handoff_service.bell import Bell
from handoff_service.callers import operator
from handoff_service.channels.public_only import client_for_platforms
from handoff_service.channels.sealing import Seal
from handoff_service.conversations.change import Context
from handoff_service.database import Database
from handoff_service.settings import Settings
from handoff_service.tenants import store as tenants
from handoff_service.webhooks import administer, store
from handoff_service.webhooks.announce import announce
from handoff_service.webhooks.model import EventType, Message
from handoff_service.webhooks.signing import new_secret
from handoff_service.webhooks.worker import WebhookWorker
from tests.handoff_service.stage import FakeClock, shop
from tests.handoff_service.webhooks.receiver import Receiver


@pytest.fixture(params=["sqlite"])
def engine(request: pytest.FixtureRequest) -> str:
    """SQLite, unless a test says otherwise."""
    return str(request.param)


class Post:
    """The demo shop's outgoing side."""

    def __init__(self, database: Database, settings: Settings, clock: FakeClock, receiver: Receiver) -> None:
        self.database, self.settings, self.clock, self.receiver = database, settings, clock, receiver
        self.seal = Seal(settings.encryption_key.get_secret_value())
        self.client = client_for_platforms(settings)
        self.worker = WebhookWorker(database, Bell(), self.client, self.seal, clock)
        self.secret = new_secret()
        self.id = ""

    @property
    def context(self) -> Context:
        return Context(self.settings, self.clock())

    async def add(self, url: str | None = None, events: tuple[str, ...] = ()) -> str:
        given: dict[str, Any] = {"events": events, "description": "", "secret": self.secret, "seal": self.seal}
        address = url or self.receiver.url
        made = await self.database.write(
            lambda tx: administer.add(tx, operator("demo"), url=address, **given, context=self.context)
        )
        return made.id

    async def tell(self, *subjects: str, event: EventType = EventType.MESSAGE) -> None:
        """One event about each of these conversations, in this order, numbered from 0."""
        for number, subject in enumerate(subjects):
            body = {"conversation": subject, "n": number}
            await self.database.write(lambda tx, b=body: announce(tx, "demo", event, b, self.context))

    async def work(self) -> None:
        """Everything that is due now, and what becomes due by it."""
        while await self.worker.begin():
            await asyncio.gather(*list(self.worker._running))
            await asyncio.sleep(0)  # their places are free again

    async def messages(self, **wanted: Any) -> list[Message]:
        """The newest first."""
        return await self.database.read(lambda c: store.messages(c, "demo", **wanted))


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as one:
        yield one


@pytest.fixture
async def post(database: Database, settings: Settings, clock: FakeClock, receiver: Receiver) -> AsyncIterator[Post]:
    await database.write(lambda tx: tenants.save(tx.connection, shop()))
    one = Post(database, settings, clock, receiver)
    one.id = await one.add()
    yield one
    await one.client.aclose()
