"""A bot behind a real wire, and what of the gateway asks it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from handoff_service.bell import Bell
from handoff_service.bots.ladder import Ladder
from handoff_service.bots.rasa import RasaBot
from handoff_service.bots.search import SearchBot
from handoff_service.clock import utc_now
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation, Entry
from handoff_service.conversations.receive import Sender, receive
from handoff_service.conversations.sweep import Sweeper
from handoff_service.conversations.turn import TurnRunner
from handoff_service.database import Database
from handoff_service.knowledge.client import Knowledge
from handoff_service.outbox_worker import OutboxWorker
from handoff_service.own_parts import client_for_parts
from handoff_service.settings import Settings
from tests.handoff_service.bots.frail_bot import FrailBot
from tests.handoff_service.stage import meet, trial_settings

NOBODY = "http://127.0.0.1:9"


@pytest.fixture(params=["sqlite"])
def engine(request: pytest.FixtureRequest) -> str:
    """What is tested here does not depend on the engine."""
    return str(request.param)


@pytest.fixture
async def bot() -> AsyncIterator[FrailBot]:
    frail = FrailBot()
    await frail.start()
    yield frail
    await frail.die()


class Desk:
    """The gateway's workers on the real clock, with Rasa at the frail bot and nobody at the knowledge base."""

    def __init__(self, database: Database, bell: Bell, settings: Settings) -> None:
        self.database = database
        self.settings = settings
        self.client = client_for_parts()
        rasa = RasaBot(self.client, settings.bot_url, timeout_s=settings.bot_hard_s)
        search = SearchBot(Knowledge(self.client, NOBODY))
        ladder = Ladder([rasa, search], failures=settings.breaker_failures, open_s=settings.breaker_open_s)
        turns = TurnRunner(database, ladder, settings, utc_now)
        self._work = [
            OutboxWorker(database, bell, {"bot": turns}, node="n1", clock=utc_now, places=settings.bot_calls),
            Sweeper(database, settings, utc_now),
        ]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(work.run()) for work in self._work]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.client.aclose()

    async def arrive(self) -> Sender:
        return await self.database.write(lambda tx: meet(tx.connection, utc_now()))

    async def say(self, sender: Sender, text: str) -> tuple[Conversation, Entry]:
        """As a channel does it."""
        context = Context(self.settings, utc_now())
        client_id = f"{sender.contact}-{text}"[:60]
        return await self.database.write(
            lambda tx: receive(tx, sender, client_id=client_id, body={"text": text}, context=context)
        )


@pytest.fixture
async def open_desk(
    database: Database,
    bell: Bell,
    tenant: Any,  # noqa: ARG001
    bot: FrailBot,
) -> AsyncIterator[Callable[..., Awaitable[Desk]]]:
    """`await open_desk(bot_hard_s=0.5)`: the workers, running."""
    async with contextlib.AsyncExitStack() as stack:

        async def opened(**settings: Any) -> Desk:
            desk = Desk(database, bell, trial_settings(bot_url=bot.url, **settings))
            desk.start()
            stack.push_async_callback(desk.stop)
            return desk

        yield opened
