"""The HTTP interface; the only module that knows about the web."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import date, timedelta
from typing import Annotated, Any, TypeVar

import structlog
from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from kb_index.articles.api import add_article_routes
from kb_index.articles.editing import Desk
from kb_index.articles.model import Audience
from kb_index.articles.stores import Stores
from kb_index.errors import KnowledgeError, NoGeneration
from kb_index.index.generation import GenerationStore
from kb_index.index.live import LiveKnowledge
from kb_index.index.refused import Refusals
from kb_index.index.withdrawn import Withdrawals
from kb_index.learning.apart import Replaying, replay_apart
from kb_index.learning.api import add_learning_routes
from kb_index.rewriting.api import add_rewriting_routes, offer
from kb_index.rewriting.writer import Writer
from kb_index.search.shapes import (
    ArticleResponse,
    AudienceName,
    ChannelName,
    GenerationResponse,
    HitModel,
    LanguageName,
    SearchResponse,
    Text,
    UnderstandRequest,
    UnderstandResponse,
)
from kb_index.search.understand import PAGE, Asked, Knowledge, Understanding
from kb_index.settings import Settings
from kb_index.shapes import TenantName
from kb_index.text.api import add_text_routes

T = TypeVar("T")
_log = structlog.get_logger()
LARGEST_BODY = 256 * 1024


def create_app(
    settings: Settings, *, today: Callable[[], date] | None = None, replaying: Replaying = replay_apart
) -> FastAPI:
    """The application over the generation store of the settings; it starts even without an index."""
    stores = Stores.of(settings)
    live = LiveKnowledge(GenerationStore.of(settings), Withdrawals.of(settings, stores.database))
    writer = Writer.of(settings)
    day = today or settings.today
    desk = Desk(stores, day=day, withdraw=live.withdraw, embed=live.embed)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with suppress(KnowledgeError):  # /readyz says so; the watcher picks up the first build
            await asyncio.to_thread(live.reload, day())
        watcher = asyncio.create_task(_watch(live, day, every=settings.watch_seconds))
        yield
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher
        desk.stores.database.close()
        if writer is not None:
            await writer.close()

    app = FastAPI(title="Tandem knowledge base", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_middleware(_BodyLimit)
    app.add_middleware(_TraceLog)
    _add_error_answers(app)
    _add_routes(app, live, settings, day, writer)
    add_text_routes(app)
    add_rewriting_routes(app, live, writer, today=day)
    add_learning_routes(app, settings, live, desk, replaying=replaying)
    add_article_routes(app, settings, desk)
    _add_health(app, live, Refusals(settings.store), settings, day)
    return app


async def _watch(live: LiveKnowledge, day: Callable[[], date], *, every: float) -> None:
    """Swap soon after the pointer moved, and prepare for each new day, without holding up any request."""
    while True:
        await asyncio.sleep(every)
        await asyncio.to_thread(live.obey_others)
        if live.changed():
            try:
                await asyncio.to_thread(live.reload, day())
            except KnowledgeError as error:  # keep serving what is there, look again at the next change
                _log.error("kb_index.reload_failed", code=error.code, why=str(error))
        with suppress(NoGeneration):
            knowledge = live.current()
            for each in (day(), day() + timedelta(days=1)):  # so that no question waits when the next day begins
                if not knowledge.is_prepared(each):
                    await asyncio.to_thread(knowledge.prepare, each)


def _add_routes(
    app: FastAPI, live: LiveKnowledge, settings: Settings, day: Callable[[], date], writer: Writer | None
) -> None:
    @app.post("/understand", response_model_exclude_none=True)
    async def understand(body: UnderstandRequest) -> UnderstandResponse:
        knowledge, asked = live.current(), body.asked()
        found = await _looked_up(
            knowledge,
            asked,
            lambda: knowledge.understand(
                asked,
                day=day(),
                default_language=settings.default_language,
                unhappy_threshold=settings.unhappy_threshold,
            ),
        )
        _log_decision(body.tenant, found)
        answer = UnderstandResponse.of(found)
        return answer if writer is None else offer(writer, body.tenant, answer)

    @app.get("/search", response_model_exclude_none=True)
    async def search(
        q: Annotated[Text, Query()],
        tenant: TenantName,
        language: LanguageName | None = None,
        audience: AudienceName = "public",
        limit: Annotated[int, Query(ge=1, le=50)] = 10,
    ) -> SearchResponse:
        knowledge = live.current()
        asked = Asked(text=q, tenant=tenant, audience=Audience(audience), language=language, limit=limit, channel=PAGE)
        hits = await _looked_up(
            knowledge, asked, lambda: knowledge.search(asked, day=day(), default_language=settings.default_language)
        )
        return SearchResponse(generation=knowledge.generation.name, hits=tuple(HitModel.of(hit) for hit in hits))

    @app.get("/articles/{tenant}/{article}", response_model_exclude_none=True)
    async def read_article(
        tenant: str,
        article: str,
        language: LanguageName | None = None,
        audience: AudienceName = "public",
        channel: ChannelName = PAGE,
    ) -> ArticleResponse:
        knowledge = live.current()
        found = knowledge.article(tenant, article, language=language, audience=Audience(audience), day=day())
        wording = None if channel == PAGE else channel
        return ArticleResponse.of(found, channel=wording, doubt=knowledge.doubt(found, day=day()))

    @app.post("/reload")
    async def reload() -> GenerationResponse:
        return GenerationResponse(generation=await asyncio.to_thread(live.reload, day()))


async def _looked_up(knowledge: Knowledge, asked: Asked, look: Callable[[], T]) -> T:
    """A few milliseconds of numpy, for which a thread would cost more than it frees; but none waits for a database."""
    return await asyncio.to_thread(look) if knowledge.is_far(asked.tenant) else look()


def _log_decision(tenant: str, found: Understanding) -> None:
    """What was decided and on which figures; never what the customer wrote."""
    decision = found.decision
    _log.info(
        "kb_index.decided",
        tenant=tenant,
        language=found.language,
        generation=found.generation,
        action=str(decision.action),
        rule=decision.rule,
        probability=round(decision.probability, 4),
        threshold=round(decision.threshold, 4),
        margin=round(decision.margin, 4),
        articles=[hit.article for hit in found.hits[:3]],
        read=[str(note.kind) for note in found.reading.notes] if found.reading else [],
        took_ms=round(found.took_ms, 2),
    )


def _add_health(
    app: FastAPI, live: LiveKnowledge, refusals: Refusals, settings: Settings, day: Callable[[], date]
) -> None:
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        """Ready means that a search runs: one is made, not only looked at."""
        try:
            knowledge = live.current()
            await asyncio.to_thread(_search_everywhere, knowledge, day(), settings.default_language)
        except KnowledgeError as error:
            return JSONResponse({"status": "not ready", "reason": str(error)}, 503)
        state: dict[str, Any] = {"status": "ready", "generation": knowledge.generation.name}
        if live.warning is not None:
            state["warning"] = live.warning
        refused = await asyncio.to_thread(refusals.all)
        if refused:
            state["refused"] = {
                tenant: {"since": each.since, "problems": [str(problem) for problem in each.problems]}
                for tenant, each in refused.items()
            }
        return JSONResponse(state)


def _search_everywhere(knowledge: Knowledge, day: date, default_language: str) -> None:
    """One search for each tenant, vectors, words and all; raises what it raises."""
    for tenant in knowledge.generation.tenants:
        asked = Asked(text="ready", tenant=tenant, audience=Audience.PUBLIC, language=None, limit=1)
        knowledge.search(asked, day=day, default_language=default_language)


def _add_error_answers(app: FastAPI) -> None:
    """Every error leaves as {"error": {"code", "message"}} and never repeats the customer's text."""

    @app.exception_handler(KnowledgeError)
    async def knowledge_error(_: Request, error: KnowledgeError) -> JSONResponse:
        return _refusal(error.status, error.code, str(error))

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: HTTPException) -> JSONResponse:
        return _refusal(error.status_code, "http_error", str(error.detail))

    @app.exception_handler(RequestValidationError)
    async def bad_request(_: Request, error: RequestValidationError) -> JSONResponse:
        places = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        return _refusal(422, "bad_request", "; ".join(places[:10]))

    @app.exception_handler(Exception)
    async def unexpected(_: Request, error: Exception) -> JSONResponse:
        _log.error("kb_index.unexpected", kind=type(error).__name__)
        return _refusal(500, "unexpected", "The knowledge base failed; its log tells the kind of error.")


class _BodyLimit:
    """Refuses what is too large before a byte of it is read; a body must announce its length."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            length = headers.get("content-length", "0")
            if "transfer-encoding" in headers or not length.isdigit() or int(length) > LARGEST_BODY:
                message = f"a body must announce a length of at most {LARGEST_BODY} bytes"
                await _refusal(413, "body_too_large", message)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class _TraceLog:
    """Logs each request that belongs to a trace, with the trace's id from the W3C header."""

    well_formed = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        await self._app(scope, receive, send)
        if scope["type"] != "http":
            return
        found = self.well_formed.fullmatch(Headers(scope=scope).get("traceparent", ""))
        if found is not None:
            took = round((time.perf_counter() - began) * 1000, 2)
            route = scope.get("route")  # its pattern: an address could name an article that is not public
            _log.info("request", trace=found[1], route=getattr(route, "path", None), took_ms=took)


def _refusal(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message}}, status)
