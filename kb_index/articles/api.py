"""Articles over HTTP: list, read, draft, edit, publish, retire, roll back, delete; all behind the bearer token.

The routes are plain functions, which run in threads: they wait for the database.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Header, Query, Request
from fastapi.responses import JSONResponse

from kb_index.articles.categories import checked, tree_of
from kb_index.articles.chunking import passages_of
from kb_index.articles.editing import Desk, checked_article
from kb_index.articles.lifecycle import Change, Verb
from kb_index.articles.model import Audience, State
from kb_index.articles.shapes import (
    CategoriesBody,
    CreateBody,
    EditBody,
    EditedModel,
    FindingModel,
    KeptModel,
    PageModel,
    PassageModel,
    PreviewBody,
    ProblemModel,
    PublishBody,
    RefusedModel,
    ReviewModel,
    RevisionModel,
    RollBackBody,
    StepBody,
    TaskModel,
)
from kb_index.articles.tasks.store import TaskStore
from kb_index.articles.wanted import Wanted
from kb_index.errors import (
    ArticleInvalid,
    KnowledgeError,
    NotAuthorised,
    PublishingRefused,
    WritingDisabled,
)
from kb_index.index.refused import Refusals
from kb_index.settings import Settings

Clock = Callable[[], datetime]
_PATH = "/tenants/{tenant}/articles"
_ONE = _PATH + "/{article}/{language}"


def add_article_routes(
    app: FastAPI, settings: Settings, desk: Desk, *, clock: Clock = lambda: datetime.now(UTC)
) -> None:
    """Add everything that editors use to an application."""
    authorised = [Depends(bearer(settings))]
    _add_reading(app, desk, authorised)
    _add_drafting(app, desk, clock, authorised)
    _add_steps(app, desk, clock, authorised)
    _add_checks(app, desk, clock, authorised)
    _add_refusals(app, desk, Refusals(settings.store), authorised)
    app.add_exception_handler(ArticleInvalid, _with_fields)
    app.add_exception_handler(PublishingRefused, _with_findings)


def bearer(settings: Settings) -> Callable[[str], None]:
    """The check of every route that needs the token; raises NotAuthorised, and WritingDisabled when none is set."""

    def authorise(authorization: Annotated[str, Header()] = "") -> None:
        """Compares in constant time: the answer's delay must not spell the token out."""
        if settings.token is None or not settings.token.get_secret_value():
            raise WritingDisabled
        scheme, _, shown = authorization.partition(" ")
        same = hmac.compare_digest(shown.encode(), settings.token.get_secret_value().encode())
        if scheme.lower() != "bearer" or not same:
            raise NotAuthorised

    return authorise


def _add_reading(app: FastAPI, desk: Desk, authorised: Sequence[Any]) -> None:
    @app.get(_PATH, dependencies=authorised)
    def list_articles(
        tenant: str,
        state: State | None = None,
        language: str | None = None,
        category: str | None = None,
        tag: str | None = None,
        product: str | None = None,
        audience: Audience | None = None,
        owner: str | None = None,
        text: Annotated[str | None, Query(max_length=200)] = None,
        review_before: date | None = None,
        after: Annotated[str | None, Query(pattern=r"^[a-z0-9-]+/[a-z-]+$")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> PageModel:
        ended, _, in_language = (after or "").partition("/")
        wanted = Wanted(
            state=state,
            language=language,
            category=category,
            tag=tag,
            product=product,
            audience=audience,
            owner=owner,
            text=text,
            review_before=review_before,
            after=(ended, in_language) if after else None,
            limit=limit,
        )
        page = desk.stores.tenant(tenant).page(wanted)
        last = page.articles[-1].article if page.more else None
        following = f"{last.id}/{last.language}" if last is not None else None
        return PageModel(articles=[KeptModel.of(each) for each in page.articles], after=following)

    @app.get(_ONE, dependencies=authorised)
    def read_draft(tenant: str, article: str, language: str) -> KeptModel:
        return KeptModel.of(desk.stores.tenant(tenant).one(article, language))

    @app.get(_ONE + "/history", dependencies=authorised)
    def history(tenant: str, article: str, language: str) -> list[RevisionModel]:
        return [RevisionModel.of(step) for step in desk.stores.tenant(tenant).history(article, language)]

    @app.get(_ONE + "/history/{revision}", dependencies=authorised)
    def one_revision(tenant: str, article: str, language: str, revision: int) -> RevisionModel:
        return RevisionModel.of(desk.stores.tenant(tenant).revision(article, language, revision))

    @app.get(_ONE + "/passages", dependencies=authorised)
    def passages(tenant: str, article: str, language: str) -> list[PassageModel]:
        return _passages(desk.stores.tenant(tenant).one(article, language).article)

    @app.get("/tenants/{tenant}/categories", dependencies=authorised)
    def categories(tenant: str) -> list[dict[str, Any]]:
        store = desk.stores.tenant(tenant)
        return tree_of(store.categories(), store.read().articles)


def _passages(article: Any) -> list[PassageModel]:
    return [PassageModel(kind=str(each.kind), text=each.text) for each in passages_of([article])]


def _add_drafting(app: FastAPI, desk: Desk, clock: Clock, authorised: Sequence[Any]) -> None:
    @app.post(_PATH, status_code=201, dependencies=authorised)
    def create(tenant: str, body: CreateBody) -> EditedModel:
        store = desk.stores.tenant(tenant)
        article = checked_article(store, tenant, body.article.values())
        change = Change(
            verb=Verb.CREATE,
            tenant=tenant,
            id=article.id,
            language=article.language,
            actor=body.actor,
            why=body.why,
            at=clock(),
            article=article,
            op=body.op,
        )
        return _carry_out(desk, change)

    @app.put(_ONE, dependencies=authorised)
    def edit(tenant: str, article: str, language: str, body: EditBody) -> EditedModel:
        store = desk.stores.tenant(tenant)
        content = checked_article(store, tenant, body.article.values())
        if (content.id, content.language) != (article, language):
            raise ArticleInvalid(
                [("id", f"must be {article!r} in {language!r}, as in the address; create another one")]
            )
        return _carry_out(desk, _change(Verb.EDIT, tenant, article, language, body, clock, article_after=content))

    @app.post(_PATH + "/preview", dependencies=authorised)
    def preview(tenant: str, body: PreviewBody) -> list[PassageModel]:
        """The passages that the index would hold, of an article that is nowhere stored."""
        return _passages(checked_article(desk.stores.tenant(tenant), tenant, body.article.values()))

    @app.put("/tenants/{tenant}/categories", dependencies=authorised)
    def set_categories(tenant: str, body: CategoriesBody) -> list[dict[str, Any]]:
        """Replaces the list; a category that published articles are in cannot be left out."""
        store = desk.stores.tenant(tenant)
        articles = store.read().articles
        found, wrong = checked(body.categories)
        left_out = {article.category for article in articles} - {category.path for category in found}
        wrong += [(path, "published articles are in it: keep it, or move them first") for path in sorted(left_out)]
        if wrong:
            raise ArticleInvalid(wrong)
        store.set_categories(found)
        return tree_of(store.categories(), articles)


def _add_steps(app: FastAPI, desk: Desk, clock: Clock, authorised: Sequence[Any]) -> None:
    @app.post(_ONE + "/publish", dependencies=authorised)
    def publish(tenant: str, article: str, language: str, body: PublishBody) -> EditedModel:
        change = _change(Verb.PUBLISH, tenant, article, language, body, clock)
        return _carry_out(desk, change, accept=body.accept)

    @app.post(_ONE + "/retire", dependencies=authorised)
    def retire(tenant: str, article: str, language: str, body: StepBody) -> EditedModel:
        return _carry_out(desk, _change(Verb.RETIRE, tenant, article, language, body, clock))

    @app.post(_ONE + "/roll-back", dependencies=authorised)
    def roll_back(tenant: str, article: str, language: str, body: RollBackBody) -> EditedModel:
        """An earlier content becomes the newest draft; publishing it is a step of its own."""
        return _carry_out(desk, _change(Verb.ROLL_BACK, tenant, article, language, body, clock, to=body.to))

    @app.post(_ONE + "/delete", dependencies=authorised)
    def delete(tenant: str, article: str, language: str, body: StepBody) -> EditedModel:
        """For good: all contents go, who did what and when stays."""
        return _carry_out(desk, _change(Verb.DELETE, tenant, article, language, body, clock))


def _change(
    verb: Verb,
    tenant: str,
    article: str,
    language: str,
    body: StepBody | EditBody,
    clock: Clock,
    *,
    article_after: Any = None,
    to: int | None = None,
) -> Change:
    return Change(
        verb=verb,
        tenant=tenant,
        id=article,
        language=language,
        actor=body.actor,
        why=body.why,
        at=clock(),
        revision=body.revision,
        article=article_after,
        to=to,
        op=body.op,
    )


def _carry_out(desk: Desk, change: Change, *, accept: bool = False) -> EditedModel:
    edited = desk.carry_out(change, accept=accept)
    findings = [FindingModel.of(each) for each in edited.findings]
    return EditedModel(**KeptModel.of(edited.kept).model_dump(), findings=findings)


def _add_checks(app: FastAPI, desk: Desk, clock: Clock, authorised: Sequence[Any]) -> None:
    @app.post("/tenants/{tenant}/review", dependencies=authorised)
    def review(tenant: str) -> ReviewModel:
        """All checks of all that is published, with the tasks that follow from them."""
        findings, followed = desk.review_all(tenant, now=clock())
        return ReviewModel(
            findings=[FindingModel.of(each) for each in findings],
            opened=followed.opened,
            closed=followed.closed,
            open=followed.open,
        )

    @app.get("/tenants/{tenant}/tasks", dependencies=authorised)
    def tasks(
        tenant: str,
        owner: Annotated[str | None, Query(max_length=80)] = None,
        state: Literal["open", "done"] = "open",
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> list[TaskModel]:
        desk.stores.tenant(tenant)
        store = TaskStore(tenant, desk.stores.database)
        return [TaskModel.of_task(task) for task in store.tasks(owner=owner, done=state == "done", limit=limit)]


def _add_refusals(app: FastAPI, desk: Desk, refusals: Refusals, authorised: Sequence[Any]) -> None:
    @app.get("/tenants/{tenant}/refused", dependencies=authorised)
    def refused(tenant: str) -> RefusedModel | None:
        """What keeps the tenant's newest articles from being published; null when nothing does."""
        desk.stores.tenant(tenant)
        found = refusals.all().get(tenant)
        problems = [ProblemModel.of(each) for each in found.problems] if found is not None else []
        return None if found is None else RefusedModel(since=found.since, problems=problems)


async def _with_fields(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ArticleInvalid)
    fields = [{"field": field, "message": message} for field, message in error.wrong]
    return _refusal(error, {"fields": fields})


async def _with_findings(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, PublishingRefused)
    return _refusal(error, {"findings": list(error.findings)})


def _refusal(error: KnowledgeError, more: Mapping[str, Any]) -> JSONResponse:
    return JSONResponse({"error": {"code": error.code, "message": str(error), **more}}, error.status)
