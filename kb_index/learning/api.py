"""HTTP of learning: what the gateway reports, and what editors do with it. Every route needs the bearer token."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Literal

import structlog
from fastapi import APIRouter, Depends, FastAPI, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kb_index.articles.api import bearer
from kb_index.articles.editing import Desk, checked_article
from kb_index.articles.shapes import ArticleBody
from kb_index.database import Database
from kb_index.errors import NoGeneration
from kb_index.index.live import LiveKnowledge
from kb_index.learning import store
from kb_index.learning.apart import Replaying
from kb_index.learning.feedback import EXPIRE_EVERY_S, LONGEST_ANSWER, oldest_kept, take
from kb_index.learning.model import Draft, Feedback, Golden, Kind, State
from kb_index.learning.plain import draft_json, gap_json, replay_json
from kb_index.learning.workbench import Both, Workbench
from kb_index.search.shapes import UnderstandResponse
from kb_index.search.understand import Knowledge
from kb_index.settings import Settings
from kb_index.shapes import TenantName, Usable
from kb_index.text.masking import mask

_log = structlog.get_logger()
Clock = Callable[[], datetime]


Name = Annotated[Usable, Field(min_length=1, max_length=100)]
Words = Annotated[Usable, Field(max_length=8000)]
Answer = Annotated[Usable, Field(max_length=LONGEST_ANSWER)]
Wording = Annotated[Usable, Field(min_length=1, max_length=300)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FeedbackRequest(_Strict):
    """One event; `event` is its id, and one that is known changes nothing."""

    tenant: TenantName
    event: Name
    kind: Kind
    conversation: Name
    at: AwareDatetime
    question: int = Field(ge=0)
    text: Words
    language: Literal["zh", "en"]
    generation: Name | None = None
    action: Literal["answer", "clarify", "abstain"] | None = None
    probability: Share | None = None
    threshold: Share | None = None
    margin: Annotated[float, Field(allow_inf_nan=False)] | None = None
    rule: Annotated[Usable, Field(max_length=200)] | None = None
    features: Annotated[tuple[Annotated[float, Field(allow_inf_nan=False)], ...], Field(max_length=200)] | None = None
    shown: Annotated[tuple[Name, ...], Field(max_length=20)] = ()
    article: Name | None = None
    right: bool | None = None
    reason: Words | None = None
    entry: int | None = Field(default=None, ge=0)
    agent: Name | None = None
    answer: Answer | None = None
    original: Answer | None = None
    wrap_up: Name | None = None

    def feedback(self) -> Feedback:
        return Feedback(**self.model_dump())


class Kept(_Strict):
    """`kept` is false for an event that is known, or whose conversation was erased."""

    kept: bool


class ForgetRequest(_Strict):
    tenant: TenantName
    conversation: Name
    upto: AwareDatetime


class Proposal(_Strict):
    """Which answered question becomes a draft; with `extends` a similar question of that article."""

    conversation: Name
    question: int = Field(ge=0)
    by: Name
    extends: Name | None = None
    gap: Name | None = None


class DraftChanges(_Strict):
    article: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")] | None = None
    title: Annotated[Usable, Field(min_length=1, max_length=120)] | None = None
    category: Annotated[Usable, Field(max_length=320)] | None = None
    answer: Annotated[Usable, Field(min_length=1, max_length=20000)] | None = None
    questions: Annotated[list[Wording], Field(max_length=50)] | None = None


class By(_Strict):
    by: Name


class Acceptance(By):
    changes: list[Name] = Field(min_length=1, max_length=1000)


class TrialRequest(_Strict):
    """A customer's question, and the fields of an article as if it were published."""

    text: Annotated[Usable, Field(min_length=1, max_length=2000)]
    language: Literal["zh", "en"] | None = None
    article: ArticleBody


class TriedModel(_Strict):
    live: UnderstandResponse
    draft: UnderstandResponse


class GoldenRequest(By):
    text: Annotated[Usable, Field(min_length=1, max_length=2000)]
    article: Name | None
    also: Annotated[tuple[Name, ...], Field(max_length=20)] = ()
    language: Literal["zh", "en"]
    conversation: Name | None = None


def _now() -> datetime:
    return datetime.now(UTC)


def add_learning_routes(
    app: FastAPI, settings: Settings, live: LiveKnowledge, desk: Desk, *, replaying: Replaying, clock: Clock = _now
) -> None:
    """Add what the gateway reports to and what editors use to an application."""
    again = partial(replaying, settings)
    bench = Workbench(settings, desk, knowledge=live.current, now=clock, replaying=again)
    routes = APIRouter(dependencies=[Depends(bearer(settings))])
    _add_feedback(routes, settings, desk.stores.database, live, clock)
    _add_gaps(routes, bench)
    _add_drafts(routes, bench, desk)
    _add_golden(routes, desk.stores.database, clock)
    app.include_router(routes)


def _served(live: LiveKnowledge) -> Knowledge | None:
    """What is served now, if anything is."""
    try:
        return live.current()
    except NoGeneration:
        return None


def _add_feedback(routes: APIRouter, settings: Settings, database: Database, live: LiveKnowledge, clock: Clock) -> None:
    last_expired = [-EXPIRE_EVERY_S]

    def keep(feedback: Feedback) -> bool:
        knowledge = _served(live)  # without any, what people say is kept all the same
        with database.write() as connection:
            kept = take(connection, feedback, knowledge)
            if time.monotonic() - last_expired[0] >= EXPIRE_EVERY_S:  # for a service whose keeper is switched off
                last_expired[0] = time.monotonic()
                store.expire(connection, oldest_kept(clock(), settings.feedback_days))
        return kept

    @routes.post("/feedback")
    async def feedback(body: FeedbackRequest) -> Kept:
        return Kept(kept=await asyncio.to_thread(keep, body.feedback()))

    @routes.post("/forget")
    async def forget(body: ForgetRequest) -> dict[str, int]:
        def work() -> dict[str, int]:
            with database.write() as connection:
                gone = store.forget(connection, body.tenant, body.conversation, body.upto)
            database.shred()
            return gone

        return await asyncio.to_thread(work)


def _add_gaps(routes: APIRouter, bench: Workbench) -> None:
    @routes.get("/tenants/{tenant}/gaps")
    async def gaps(
        tenant: str,
        days: Annotated[int, Query(ge=1, le=3650)] = 90,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> dict[str, Any]:
        found = await asyncio.to_thread(bench.gaps, tenant, days=days, most=limit)
        return {"gaps": [gap_json(each) for each in found]}


def _add_drafts(routes: APIRouter, bench: Workbench, desk: Desk) -> None:
    @routes.get("/tenants/{tenant}/drafts")
    async def listed(tenant: str, state: State | None = None) -> dict[str, Any]:
        def read() -> list[Draft]:
            with bench.database.read() as connection:
                return store.all_drafts(connection, tenant, state=state)

        return {"drafts": [draft_json(each) for each in await asyncio.to_thread(read)]}

    @routes.post("/tenants/{tenant}/drafts")
    async def propose(tenant: TenantName, body: Proposal) -> dict[str, Any]:
        return draft_json(await asyncio.to_thread(lambda: bench.propose(tenant, **body.model_dump())))

    @routes.get("/tenants/{tenant}/drafts/{draft}")
    async def one(tenant: str, draft: str) -> dict[str, Any]:
        def read() -> Draft:
            with bench.database.read() as connection:
                return store.find_draft(connection, tenant, draft)

        return draft_json(await asyncio.to_thread(read))

    @routes.patch("/tenants/{tenant}/drafts/{draft}")
    async def edit(tenant: str, draft: str, body: DraftChanges) -> dict[str, Any]:
        changes = body.model_dump(exclude_none=True)
        return draft_json(await asyncio.to_thread(bench.edit, tenant, draft, changes))

    @routes.post("/tenants/{tenant}/articles/try", response_model_exclude_none=True)
    async def try_article(tenant: str, body: TrialRequest) -> TriedModel:
        """A question asked of what is served, and as if this version of an article were."""

        def both() -> Both:
            article = checked_article(desk.stores.tenant(tenant), tenant, body.article.values())
            return bench.try_article(tenant, article, body.text, body.language)

        found = await asyncio.to_thread(both)
        return TriedModel(live=UnderstandResponse.of(found.live), draft=UnderstandResponse.of(found.draft))

    @routes.post("/tenants/{tenant}/drafts/{draft}/replay")
    async def replay(tenant: str, draft: str) -> dict[str, Any]:
        return replay_json(await asyncio.to_thread(bench.replay, tenant, draft))

    @routes.post("/tenants/{tenant}/drafts/{draft}/accept")
    async def accept(tenant: str, draft: str, body: Acceptance) -> dict[str, Any]:
        return draft_json(await asyncio.to_thread(lambda: bench.accept(tenant, draft, body.changes, by=body.by)))

    @routes.post("/tenants/{tenant}/drafts/{draft}/publish")
    async def publish(tenant: str, draft: str, body: By) -> dict[str, Any]:
        done, placed = await asyncio.to_thread(lambda: bench.publish(tenant, draft, by=body.by))
        return {**draft_json(done), "placed": asdict(placed)}

    @routes.post("/tenants/{tenant}/drafts/{draft}/discard")
    async def discard(tenant: str, draft: str, body: By) -> dict[str, Any]:
        return draft_json(await asyncio.to_thread(lambda: bench.discard(tenant, draft, by=body.by)))


def _add_golden(routes: APIRouter, database: Database, clock: Clock) -> None:
    @routes.get("/tenants/{tenant}/golden")
    async def listed(tenant: str) -> dict[str, Any]:
        def read() -> dict[str, Golden]:
            with database.read() as connection:
                return store.all_golden(connection, tenant)

        return {"golden": [{"key": key, **asdict(one)} for key, one in (await asyncio.to_thread(read)).items()]}

    @routes.post("/tenants/{tenant}/golden")
    async def add(tenant: TenantName, body: GoldenRequest) -> dict[str, str]:
        golden = Golden(mask(body.text, language=body.language)[0], body.article, body.language, body.also)

        def write() -> str:
            with database.write() as connection:
                return store.add_golden(
                    connection, tenant, golden, by=body.by, now=clock(), conversation=body.conversation
                )

        return {"key": await asyncio.to_thread(write)}

    @routes.delete("/tenants/{tenant}/golden/{key}")
    async def drop(tenant: str, key: str) -> dict[str, bool]:
        def write() -> bool:
            with database.write() as connection:
                return store.drop_golden(connection, tenant, key)

        return {"dropped": await asyncio.to_thread(write)}
