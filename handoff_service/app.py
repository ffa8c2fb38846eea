"""The composition root: makes the real parts and ties them together. Nothing else chooses implementations."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2
import structlog
from fastapi import FastAPI

from handoff_service import http
from handoff_service.agents import api as agents_api
from handoff_service.bell import Bell
from handoff_service.bots.ladder import Ladder
from handoff_service.bots.model import Bot
from handoff_service.bots.rasa import RasaBot
from handoff_service.bots.search import SearchBot
from handoff_service.channels import api as channels_api
from handoff_service.clock import Clock, utc_now
from handoff_service.conversations import api as conversations_api
from handoff_service.conversations.sweep import Sweeper
from handoff_service.conversations.turn import TurnRunner
from handoff_service.database import open_database
from handoff_service.handoffs import api as handoffs_api
from handoff_service.ids import new_id
from handoff_service.knowledge import api as knowledge_api
from handoff_service.knowledge.client import Knowledge
from handoff_service.limits import Limits
from handoff_service.live import api as live_api
from handoff_service.live.frames import Handlers
from handoff_service.outbox import OutboxWorker
from handoff_service.service import Service
from handoff_service.settings import Settings
from handoff_service.tickets import api as tickets_api

log = structlog.get_logger()

ROUTERS = (live_api, channels_api, agents_api, conversations_api, handoffs_api, knowledge_api, tickets_api)


@dataclass(frozen=True)
class Workers:
    """What runs beside the requests."""

    outbox: OutboxWorker
    sweeper: Sweeper


def create_app(settings: Settings, *, bot: Bot | None = None, clock: Clock = utc_now) -> FastAPI:
    """The gateway. `bot` replaces the ladder Rasa → search, `clock` the present; both are for tests."""
    bell = Bell()
    database = open_database(settings.database, bell)
    client = httpx2.AsyncClient(follow_redirects=False, trust_env=False)
    knowledge = Knowledge(client, settings.kb_index_url)
    rasa = RasaBot(client, settings.bot_url, timeout_s=settings.bot_hard_s)
    limits = Limits(settings)
    service = Service(
        settings=settings,
        database=database,
        bell=bell,
        clock=clock,
        knowledge=knowledge,
        limits=limits,
        frames=Handlers(database, bell, settings, clock, limits),
    )
    ladder = bot or Ladder([rasa, SearchBot(knowledge)])
    turns = TurnRunner(database, ladder, settings, clock)
    workers = Workers(
        OutboxWorker(database, bell, {"bot": turns}, node=new_id("n"), clock=clock),
        Sweeper(database, settings, clock),
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(work.run()) for work in (workers.outbox, workers.sweeper)]
        app.state.tasks = tasks
        for task in tasks:
            task.add_done_callback(_end_with_worker)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await client.aclose()
            await database.close()

    app = FastAPI(title="Tandem", version="1", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.service = service
    app.state.workers = workers
    for module in ROUTERS:
        app.include_router(module.router(service))
    http.install(app, service)
    return app


def _end_with_worker(task: asyncio.Task[None]) -> None:
    """A gateway whose worker broke down would take messages that nobody answers; better it is started again."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("worker stopped, ending the process", exc_info=error)
        signal.raise_signal(signal.SIGTERM)
