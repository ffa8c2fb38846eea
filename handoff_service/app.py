"""The composition root: makes the real parts and ties them together. Nothing else chooses implementations."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import structlog
from fastapi import FastAPI

from handoff_service import http, metrics, outbox, tracing
from handoff_service.admin import api as admin_api
from handoff_service.agents import api as agents_api
from handoff_service.agents import canned_api
from handoff_service.analytics import api as analytics_api
from handoff_service.bell import Bell, Wire
from handoff_service.bots.keywords import KeywordBot
from handoff_service.bots.ladder import Ladder
from handoff_service.bots.model import Bot
from handoff_service.bots.rasa import RasaBot
from handoff_service.bots.search import SearchBot
from handoff_service.calls.alarm import Mailer
from handoff_service.channels import accounts_api, persons_api, widget_api
from handoff_service.channels import api as channels_api
from handoff_service.channels.caller import Caller
from handoff_service.channels.collect import Collector
from handoff_service.channels.deliver import Deliverer
from handoff_service.channels.fetch import Fetcher
from handoff_service.channels.model import Channel
from handoff_service.channels.public_only import client_for_platforms
from handoff_service.channels.registry import CHANNELS
from handoff_service.channels.renew import Renewer
from handoff_service.channels.sealing import Seal
from handoff_service.clock import Clock, utc_now
from handoff_service.complaints import api as complaints_api
from handoff_service.conversations import api as conversations_api
from handoff_service.conversations.sweep import Sweeper
from handoff_service.conversations.turn import TurnRunner
from handoff_service.database import Database, PostgresDatabase, SqliteDatabase, open_database
from handoff_service.desk import api as desk_api
from handoff_service.desk import context_api
from handoff_service.desk.orders import Orders
from handoff_service.desk.translate import Translator
from handoff_service.faces import api as faces_api
from handoff_service.files import api as files_api
from handoff_service.handoffs import api as handoffs_api
from handoff_service.help_centre import api as help_centre_api
from handoff_service.ids import new_id
from handoff_service.integrators import admin_api as keys_api
from handoff_service.integrators import api as integrators_api
from handoff_service.integrators import openapi
from handoff_service.knowledge import api as knowledge_api
from handoff_service.knowledge.client import Knowledge
from handoff_service.knowledge.copier import Copier
from handoff_service.knowledge.possessions import Possessions
from handoff_service.knowledge.teach import REPORTS_AT_ONCE, Teacher
from handoff_service.limits import Limits
from handoff_service.live import api as live_api
from handoff_service.live.frames import Handlers
from handoff_service.live.heal import Healer
from handoff_service.live.sockets import Sockets
from handoff_service.load import Load
from handoff_service.mentions import api as mentions_api
from handoff_service.nodes import Nodes
from handoff_service.outbox_worker import Handler, OutboxWorker
from handoff_service.own_parts import client_for_parts
from handoff_service.promises import api as promises_api
from handoff_service.public_mentions import api as public_mentions_api
from handoff_service.retention import api as retention_api
from handoff_service.retention.keeper import Keeper
from handoff_service.service import Service
from handoff_service.settings import Settings
from handoff_service.tenants.origins import Origins
from handoff_service.tickets import api as tickets_api
from handoff_service.training import api as training_api
from handoff_service.training.models import Models
from handoff_service.transcripts import api as transcripts_api
from handoff_service.video import api as video_api
from handoff_service.webhooks import api as webhooks_api
from handoff_service.webhooks.worker import WebhookWorker
from handoff_service.wires import NotifyWire, ValkeyWire

log = structlog.get_logger()

MEDIA_AT_ONCE = 8
ROUTERS = (
    channels_api,
    accounts_api,
    persons_api,
    widget_api,
    help_centre_api,
    faces_api,
    agents_api,
    conversations_api,
    desk_api,
    context_api,
    files_api,
    handoffs_api,
    knowledge_api,
    mentions_api,
    public_mentions_api,
    promises_api,
    tickets_api,
    complaints_api,
    retention_api,
    analytics_api,
    training_api,
    admin_api,
    canned_api,
    webhooks_api,
    keys_api,
    integrators_api,
    video_api,
    transcripts_api,
    openapi,
)


@dataclass(frozen=True)
class Workers:
    """What runs beside the requests."""

    outbox: OutboxWorker
    deliveries: OutboxWorker
    sweeper: Sweeper
    lessons: OutboxWorker
    media: OutboxWorker


def create_app(
    settings: Settings,
    *,
    bot: Bot | None = None,
    clock: Clock = utc_now,
    channels: Mapping[str, Channel] = CHANNELS,
) -> FastAPI:
    """The gateway. For tests: `bot` replaces the ladder Rasa → search, `clock` the present, and `channels` more."""
    bell = Bell()
    database = open_database(settings.database, bell, notify=not settings.bell_url)
    bell.wire = _wire(settings, database, bell)
    client, platforms = client_for_parts(), client_for_platforms(settings)
    caller = Caller(platforms, clock, guarded=settings.environment == "production")
    knowledge = Knowledge(client, settings.kb_index_url, token=settings.kb_token.get_secret_value())
    rasa = RasaBot(client, settings.bot_url, timeout_s=settings.bot_hard_s)
    limits, lag = Limits(settings), metrics.LoopLag()
    service = Service(
        settings=settings,
        database=database,
        bell=bell,
        clock=clock,
        knowledge=knowledge,
        models=Models(client, settings.bot_url),
        limits=limits,
        frames=Handlers(database, bell, settings, clock, limits),
        channels=channels,
        sockets=Sockets(per_person=settings.limit_sockets, most=settings.most_sockets),
        origins=Origins(database),
        load=Load(lag),
        orders=Orders(client, settings),
        translator=Translator(platforms),
        platforms=caller,
    )
    ladder = bot or Ladder(
        [rasa, SearchBot(knowledge), KeywordBot(database)],
        failures=settings.breaker_failures,
        open_s=settings.breaker_open_s,
    )
    copier = Copier(database, knowledge, clock, every_s=settings.kb_copy_s)
    node, seal = new_id("n"), Seal(settings.encryption_key.get_secret_value())
    nodes = Nodes(database, node=node, clock=clock, lost_s=settings.node_lost_s)
    turns = TurnRunner(database, ladder, settings, clock, bell=bell, possessions=Possessions(service.orders))
    workers = Workers(
        OutboxWorker(database, bell, {"bot": turns}, node=node, clock=clock, places=settings.bot_calls),
        _deliveries(service, caller, nodes),
        Sweeper(database, settings, clock),
        _lessons(database, bell, Teacher(database, knowledge, clock), node, clock),
        _media(service, caller, node),
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        traces = tracing.start(settings.otlp_endpoint, node=node)
        running = [
            workers.outbox.run(),
            workers.deliveries.run(),
            workers.media.run(),
            workers.sweeper.run(),
            *([workers.lessons.run(), copier.run()] if settings.kb_token.get_secret_value() else []),
            Keeper(database, settings, clock).run(),
            Fetcher(database, bell, caller, settings, clock, channels, node=node).run(),
            Renewer(database, bell, caller, settings, clock, node=node).run(),
            nodes.run(),
            lag.run(),
            Healer(service).run(),
            WebhookWorker(database, bell, platforms, seal, clock).run(),
        ]
        if bell.wire is not None:
            running.append(bell.wire.run())
        tasks = [asyncio.create_task(work) for work in running]
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
            await platforms.aclose()
            await database.close()
            await asyncio.to_thread(tracing.stop, traces)

    app = FastAPI(title="Tandem", version="1", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.service = service
    app.state.workers = workers
    app.state.nodes = nodes
    _add_routes(app, service)
    http.install(app, service)
    app.add_middleware(live_api.Door, service=service)
    return app


def _add_routes(app: FastAPI, service: Service) -> None:
    """Not by include_router, which looks through the signatures of all of them again, within the first request."""
    for module in ROUTERS:
        app.router.routes.extend(module.router(service).routes)


def _deliveries(service: Service, caller: Caller, nodes: Nodes) -> OutboxWorker:
    """Apart from the bot's worker: a platform that is slow must not keep customers elsewhere from their answers."""
    database, settings, clock = service.database, service.settings, service.clock
    deliverer = Deliverer(database, caller, settings, clock, service.channels, in_charge=lambda: nodes.in_charge)
    alarms = Mailer(database, settings, clock)
    handlers: Mapping[str, Handler] = {outbox.CHANNEL: deliverer, outbox.PUBLIC: deliverer, outbox.ALARM: alarms}
    return OutboxWorker(database, service.bell, handlers, node=nodes.node, clock=clock)


def _media(service: Service, caller: Caller, node: str) -> OutboxWorker:
    """Apart from deliveries: large files of some customers must not keep answers from others."""
    database, clock = service.database, service.clock
    collector = Collector(database, caller, service.settings, clock, service.channels)
    return OutboxWorker(database, service.bell, {outbox.MEDIA: collector}, node=node, clock=clock, places=MEDIA_AT_ONCE)


def _lessons(database: Database, bell: Bell, teacher: Teacher, node: str, clock: Clock) -> OutboxWorker:
    """Apart from everything that somebody waits for."""
    return OutboxWorker(database, bell, {outbox.KNOWLEDGE: teacher}, node=node, clock=clock, places=REPORTS_AT_ONCE)


def _wire(settings: Settings, database: SqliteDatabase | PostgresDatabase, bell: Bell) -> Wire | None:
    """What carries rings to other gateways; None where there can be no other."""
    if settings.bell_url:
        return ValkeyWire(settings.bell_url, bell)
    if isinstance(database, SqliteDatabase):
        return None

    async def notify(payload: str) -> None:
        await database.write(lambda tx: tx.ring(payload), durable=False)

    wire = NotifyWire(notify, bell)
    database.hear = wire.hear
    return wire


def _end_with_worker(task: asyncio.Task[None]) -> None:
    """A gateway whose worker broke down would take messages that nobody answers; better it is started again."""
    if not task.cancelled() and (error := task.exception()) is not None:
        try:
            log.error("worker stopped, ending the process", exc_info=error)
        finally:  # however the line fares
            signal.raise_signal(signal.SIGTERM)
