"""The HTTP interface; the only module that knows about the web."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import structlog
from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from kb_index.articles.model import Audience
from kb_index.confidence.decision import Action
from kb_index.errors import KnowledgeError
from kb_index.index.generation import GenerationStore
from kb_index.index.live import LiveKnowledge
from kb_index.search.understand import Asked, Hit
from kb_index.settings import Settings

_log = structlog.get_logger()
LARGEST_BODY = 256 * 1024
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")


def _usable(text: str) -> str:
    if _UNUSABLE.search(text):
        raise ValueError("text must not hold NUL characters or lone surrogates")
    return text


Text = Annotated[str, Field(min_length=1, max_length=8000), AfterValidator(_usable)]
TenantName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
LanguageName = Literal["zh", "en"]
AudienceName = Literal["public", "agents"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ContextMessage(_Strict):
    author: Literal["customer", "bot", "agent"]
    text: Annotated[str, Field(max_length=8000), AfterValidator(_usable)]


class UnderstandRequest(_Strict):
    text: Text
    tenant: TenantName
    language: LanguageName | None = None
    context: list[ContextMessage] = Field(default=[], max_length=20)
    audience: AudienceName = "public"
    limit: int = Field(default=5, ge=1, le=20, strict=True)


class HitModel(_Strict):
    article: str
    language: LanguageName
    title: str
    category: str
    passage: str
    answer: str
    score: float
    probability: float = Field(ge=0, le=1)

    @classmethod
    def of(cls, hit: Hit) -> HitModel:
        return cls.model_validate({**asdict(hit), "score": round(hit.score, 4)})


class DecisionModel(_Strict):
    action: Action
    probability: float
    threshold: float
    margin: float
    rule: str


class MoodModel(_Strict):
    unhappy: float
    label: Literal["calm", "unhappy"]
    evidence: tuple[str, ...]


class UnderstandResponse(_Strict):
    language: LanguageName
    generation: str
    hits: tuple[HitModel, ...]
    decision: DecisionModel
    mood: MoodModel
    took_ms: float


class SearchResponse(_Strict):
    generation: str
    hits: tuple[HitModel, ...]


class ArticleResponse(_Strict):
    article: str
    language: LanguageName
    title: str
    category: str
    answer: str
    questions: tuple[str, ...]


class GenerationResponse(_Strict):
    generation: str


def create_app(settings: Settings, *, today: Callable[[], date] | None = None) -> FastAPI:
    """The application over the generation store of the settings; it starts even without an index."""
    live = LiveKnowledge(GenerationStore(settings.store))
    zone = ZoneInfo(settings.timezone)
    day = today or (lambda: datetime.now(zone).date())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with suppress(KnowledgeError):  # /readyz says so; the watcher picks up the first build
            await asyncio.to_thread(live.reload)
        watcher = asyncio.create_task(_watch(live, every=settings.watch_seconds))
        yield
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher

    app = FastAPI(title="Tandem knowledge base", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_middleware(_BodyLimit)
    app.add_middleware(_TraceLog)
    _add_error_answers(app)
    _add_routes(app, live, settings, day)
    _add_health(app, live)
    return app


async def _watch(live: LiveKnowledge, *, every: float) -> None:
    """Swap soon after the pointer moved, without holding up any request."""
    while True:
        await asyncio.sleep(every)
        if live.changed():
            try:
                await asyncio.to_thread(live.reload)
            except KnowledgeError as error:  # keep serving what is there, look again at the next change
                _log.error("kb_index.reload_failed", code=error.code, why=str(error))


def _add_routes(app: FastAPI, live: LiveKnowledge, settings: Settings, day: Callable[[], date]) -> None:
    @app.post("/understand")
    async def understand(body: UnderstandRequest) -> UnderstandResponse:
        asked = Asked(
            text=body.text,
            tenant=body.tenant,
            audience=Audience(body.audience),
            language=body.language,
            earlier=[message.text for message in body.context if message.author == "customer"],
            limit=body.limit,
        )
        # A few milliseconds of numpy: a thread would cost more than it frees.
        found = live.current().understand(
            asked,
            day=day(),
            default_language=settings.default_language,
            unhappy_threshold=settings.unhappy_threshold,
        )
        return UnderstandResponse.model_validate({**asdict(found), "hits": [HitModel.of(hit) for hit in found.hits]})

    @app.get("/search")
    async def search(
        q: Annotated[Text, Query()],
        tenant: TenantName,
        language: LanguageName | None = None,
        audience: AudienceName = "public",
        limit: Annotated[int, Query(ge=1, le=50)] = 10,
    ) -> SearchResponse:
        knowledge = live.current()
        asked = Asked(text=q, tenant=tenant, audience=Audience(audience), language=language, earlier=(), limit=limit)
        hits = knowledge.search(asked, day=day(), default_language=settings.default_language)
        return SearchResponse(generation=knowledge.generation.name, hits=tuple(HitModel.of(hit) for hit in hits))

    @app.get("/articles/{tenant}/{article}")
    async def read_article(
        tenant: str, article: str, language: LanguageName | None = None, audience: AudienceName = "public"
    ) -> ArticleResponse:
        found = live.current().article(tenant, article, language=language, audience=Audience(audience), day=day())
        return ArticleResponse.model_validate(
            {
                "article": found.id,
                "language": found.language,
                "title": found.title,
                "category": found.category,
                "answer": found.answer,
                "questions": found.questions,
            }
        )

    @app.post("/reload")
    async def reload() -> GenerationResponse:
        return GenerationResponse(generation=await asyncio.to_thread(live.reload))


def _add_health(app: FastAPI, live: LiveKnowledge) -> None:
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        """Ready means that a search runs: one is made, not only looked at."""
        try:
            knowledge = live.current()
            knowledge.encoder.encode(["ready"])
        except KnowledgeError as error:
            return JSONResponse({"status": "not ready", "reason": str(error)}, 503)
        state: dict[str, Any] = {"status": "ready", "generation": knowledge.generation.name}
        if live.warning is not None:
            state["warning"] = live.warning
        return JSONResponse(state)


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
