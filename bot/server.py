"""Puts the bot together and serves it: one Sanic app, one channel, actions in this process."""

import json
import logging
import sys
import time
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

from rasa.core.run import close_resources, configure_app
from rasa.core.utils import AvailableEndpoints
from rasa.shared.utils.io import read_config_file
from sanic import Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot import rasa_patches
from bot.actions.reply import Replies
from bot.actions.texts import Texts
from bot.channels.tandem import TandemChannel, say_what_failed
from bot.knowledge import KnowledgeBase
from bot.models import api as models_api
from bot.models.swap import ServedModel
from bot.models.versions import Versions
from bot.settings import ROOT, BadSetting, Settings
from bot.shop import Shop
from bot.tasks.running import TaskRunner

log = logging.getLogger("bot")

DOOR = "bot.channels.tandem.TandemChannel"
STOP_SECONDS = 6.0  # a turn under way may still wait for the shop
MAX_BODY = 1024 * 1024  # bytes: text and context at their longest, every character escaped


def create_app(settings: Settings, *, only: Path | None = None) -> Sanic:
    """The app, with every part chosen here; serves the live model, or `only` this archive. Raises BadSetting."""
    kb = KnowledgeBase(settings.kb_index_url, timeout=settings.kb_timeout)
    if not settings.shop_api_key:
        log.warning("TANDEM_SHOP_API_KEY is not set: the shop will refuse every order, customers go to a human")
    shop = Shop(settings.shop_url, api_key=settings.shop_api_key, timeout=settings.shop_timeout)
    rasa_patches.apply(in_process_actions(kb=kb, shop=shop), off=settings.patches_off)
    channel = only_channel(ROOT / "bot" / "credentials.yml")
    channel.connect(kb, texts=Texts.load())
    app = configure_app([channel], enable_api=False)
    app.config.REQUEST_MAX_SIZE = MAX_BODY
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = STOP_SECONDS
    app.ctx.agent = None
    app.error_handler.add(Exception, say_what_failed)
    app.add_route(healthz, "/healthz")
    app.add_route(readyz, "/readyz")
    serve_models(app, Versions(settings.models), only=only)
    for client in (kb, shop):
        app.register_listener(partial(opened, client), "before_server_start")
        app.register_listener(partial(closed, client), "after_server_stop")
    app.register_listener(close_resources, "after_server_stop")
    return app


def serve_models(app: Sanic, versions: Versions, *, only: Path | None) -> None:
    """The model that answers, how it is replaced, and the routes for that; a rehearsal has neither."""
    endpoints = AvailableEndpoints.read_endpoints(str(ROOT / "bot" / "endpoints.yml"))
    served = app.ctx.served = ServedModel(versions, endpoints, only=only)
    app.register_listener(served.start, "before_server_start")
    app.register_listener(served.stop, "before_server_stop")
    if only is not None:
        app.register_listener(end_with_input, "after_server_start")
        return
    trainer = models_api.Trainer(versions)
    app.blueprint(models_api.blueprint(versions, served, trainer))
    app.register_listener(served.follow, "after_server_start")
    app.register_listener(trainer.stop, "before_server_stop")


async def end_with_input(app: Sanic, loop: Any) -> None:
    """A rehearsal's input is a pipe that ends with whoever began it."""

    def heard() -> None:
        if not sys.stdin.buffer.raw.read(1):
            loop.remove_reader(sys.stdin)
            app.stop()

    loop.add_reader(sys.stdin, heard)


def in_process_actions(*, kb: KnowledgeBase, shop: Shop) -> dict[str, rasa_patches.Action]:
    """The custom actions by the names that bot/domain.yml lists."""
    texts = Texts.load()
    replies = Replies(texts=texts, kb=kb)
    tasks = TaskRunner(texts=texts, shop=shop)
    return {
        "action_reply": replies.reply,
        "action_handoff": replies.hand_off,
        "validate_task_form": tasks.validate,
        "action_end_task": tasks.end,
    }


def only_channel(credentials: Path) -> TandemChannel:
    """The one channel that credentials.yml may open; raises BadSetting for any other."""
    channels = read_config_file(credentials)
    if list(channels) != [DOOR]:
        raise BadSetting(f"{credentials} opens {', '.join(channels) or 'nothing'}; it may open {DOOR} only")
    return TandemChannel.from_credentials(channels[DOOR])


async def opened(client: KnowledgeBase | Shop, _app: Sanic, _loop: Any) -> None:
    """Open a client's session in the loop that serves."""
    await client.open()


async def closed(client: KnowledgeBase | Shop, _app: Sanic, _loop: Any) -> None:
    """Close a client's session."""
    await client.close()


async def healthz(_request: Request) -> HTTPResponse:
    """The process lives."""
    return response.json({"status": "ok"})


async def readyz(request: Request) -> HTTPResponse:
    """A model is loaded, so turns can be answered."""
    agent = request.app.ctx.agent
    if agent is None or not agent.is_ready():
        return response.json({"status": "starting", "reason": "no model is loaded"}, status=503)
    return response.json({"status": "ok", "model": request.app.ctx.served.version})


class JsonLines(logging.Formatter):
    """One JSON object per line: time, level, logger, event and what was given as extra; never a message body."""

    known = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **{key: value for key, value in vars(record).items() if key not in self.known},
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def log_json_lines() -> None:
    """The bot's own log at INFO, Rasa and Sanic at WARNING, all as JSON lines on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("bot").setLevel(logging.INFO)


def serve(settings: Settings, *, only: Path | None = None) -> None:
    """Serve until told to stop; raises BadSetting when the bot cannot start as it is set up."""
    started = time.perf_counter()
    log_json_lines()
    app = create_app(settings, only=only)

    async def ready(_app: Sanic, _loop: Any) -> None:
        seconds = round(time.perf_counter() - started, 2)
        log.info("ready", extra={"port": settings.port, "seconds": seconds})

    app.register_listener(ready, "after_server_start")
    app.run(host=settings.host, port=settings.port, workers=1, access_log=False, motd=False)
