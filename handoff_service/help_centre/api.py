"""HTTP of public articles: pages of the help centre, good without JavaScript, and JSON for the widget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, quote, urlencode

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from pydantic import Field

from handoff_service import metrics
from handoff_service.access import client_address
from handoff_service.clock import iso
from handoff_service.errors import Invalid, NotFound, Unavailable
from handoff_service.help_centre.articles import Articles
from handoff_service.help_centre.colours import readable
from handoff_service.help_centre.markup import as_html, plain
from handoff_service.help_centre.texts import TEXTS
from handoff_service.ids import new_id
from handoff_service.inputs import Command, Plain
from handoff_service.service import Service
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant

log = structlog.get_logger()

HERE = Path(__file__).parent
Language = Literal["zh", "en"]
ArticleName = Annotated[str, Query(pattern=r"^[A-Za-z0-9._-]{1,128}$")]
Wording = Annotated[Plain, Query(max_length=300)]
DESCRIPTION_CHARS = 155
RELATED = 5
ACCENT, GROUND, NIGHT = "#155eb0", "#ffffff", "#161c24"


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    articles = Articles(service.database, service.knowledge)
    _add_json(routes, service, articles)
    _add_votes(routes, service, articles)
    _add_pages(routes, service, articles)
    return routes


async def _open(service: Service, name: str, language: str) -> Tenant:
    """The tenant, if he has a help centre in this language. Raises NotFound."""
    tenant = await service.database.read(lambda connection: tenants.find(connection, name))
    if not tenant.settings.widget.help_centre or language not in tenant.settings.languages:
        raise NotFound(f"{name[:64]} has no help centre in this language.")
    return tenant


def _add_json(routes: APIRouter, service: Service, articles: Articles) -> None:
    @routes.get("/v1/widget/articles")
    async def search(request: Request, tenant: Wording, language: Language, q: Wording = "") -> dict[str, Any]:
        """What a text is about, while it is typed; without a text what the tenant suggests first."""
        found = await _open(service, tenant, language)
        if not q.strip():
            first = await articles.first(found.id, language, found.settings.widget.articles)
            return {"articles": [asdict(one) for one in first]}
        await service.limits.message(f"{found.id}:help:{client_address(request)}")
        hits = await articles.search(found.id, language, q, sure=True)
        return {"articles": [asdict(one) for one in hits[:5]]}

    @routes.get("/v1/widget/articles/{article}")
    async def one(article: str, tenant: Wording, language: Language) -> dict[str, Any]:
        found = await _open(service, tenant, language)
        read = await articles.one(found.id, language, article)
        return {
            "article": read.article,
            "language": read.language,
            "title": read.title,
            "text": read.answer,
            "url": f"{service.settings.gateway_url.rstrip('/')}{_at(found.id, language)}articles/{quote(read.article)}",
        }


def _at(tenant: str, language: str) -> str:
    return f"/help/{quote(tenant)}/{language}/"


def _templates() -> Jinja2Templates:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return Jinja2Templates(env=environment)


class Vote(Command):
    """Whether an article helped."""

    tenant: Annotated[Plain, Field(max_length=64)]
    language: Language
    helped: bool


async def _vote(service: Service, articles: Articles, vote: Vote, article: str, address: str) -> dict[str, Any]:
    """Tells the knowledge base, without a question: it is a word about the article, which no answer is learned from.

    `kept` false: the knowledge base is away, or learning is off, and the vote is lost; nobody has to wait for it.
    """
    await service.limits.message(f"{vote.tenant}:helped:{address}")
    read = await articles.one(vote.tenant, vote.language, article)
    event = sha256("\0".join((vote.tenant, read.article, vote.op_id)).encode()).hexdigest()[:40]
    told = {
        "tenant": vote.tenant,
        "event": event,
        "kind": "thumb",
        "conversation": f"help-{event}",
        "at": iso(service.clock()),
        "question": 0,
        "text": "",
        "language": vote.language,
        "article": read.article,
        "right": vote.helped,
    }
    metrics.article_votes.labels("yes" if vote.helped else "no").inc()
    try:
        await service.knowledge.teach("/feedback", told)
    except (Unavailable, Invalid) as error:
        log.warning("a vote about an article is lost", article=read.article, error=error.message)
        return {"kept": False}
    return {"kept": True}


def _add_votes(routes: APIRouter, service: Service, articles: Articles) -> None:
    @routes.post("/v1/widget/articles/{article}/helped")
    async def helped(article: str, vote: Vote, request: Request) -> dict[str, Any]:
        """Whether an article of the help centre helped; anybody who may read it may say so."""
        found = await _open(service, vote.tenant, vote.language)
        return await _vote(
            service, articles, vote.model_copy(update={"tenant": found.id}), article, client_address(request)
        )

    @routes.post("/help/{tenant}/{language}/articles/{article}", include_in_schema=False)
    async def told(tenant: str, language: Language, article: str, request: Request) -> Response:
        """The same from the page's own form, which needs no JavaScript."""
        found = await _open(service, tenant, language)
        said = parse_qs((await request.body()).decode("utf-8", "replace")).get("helped")
        if said not in (["yes"], ["no"]):
            raise Invalid("`helped` is yes or no.")
        vote = Vote(op_id=new_id("v"), tenant=found.id, language=language, helped=said == ["yes"])
        await _vote(service, articles, vote, article, client_address(request))
        return RedirectResponse(
            f"{_at(found.id, language)}articles/{quote(article)}?told={said[0]}#told", status_code=303
        )


def _add_pages(routes: APIRouter, service: Service, articles: Articles) -> None:
    templates = _templates()
    gateway = service.settings.gateway_url.rstrip("/")

    def page(request: Request, name: str, tenant: Tenant, language: str, status: int = 200, **values: Any) -> Response:
        t = TEXTS[language]
        brand = tenant.settings.name.get(language, tenant.name)
        here = {other: _at(tenant.id, other) for other in tenant.settings.languages if other in TEXTS}
        context: dict[str, Any] = {
            "t": t,
            "brand": brand,
            "home_title": t["title"].format(brand=brand),
            "tenant": tenant.id,
            "language": language,
            "home": here[language],
            "homes": here,
            "tags": {other: TEXTS[other]["tag"] for other in here},
            "logo": tenant.settings.widget.logo,
            "gateway": gateway,
            "chat": f"/chat/?{urlencode({'tenant': tenant.id, 'language': language})}",
            "query": "",
            "description": t["about"].format(brand=brand),
            "alternates": {},
            **values,
        }
        return templates.TemplateResponse(request, name, context, status_code=status)

    @routes.get("/help/{tenant}", include_in_schema=False)
    async def choose(tenant: str, request: Request) -> Response:
        found = await service.database.read(lambda connection: tenants.find(connection, tenant))
        wished = request.headers.get("accept-language", "").lower()
        spoken: Sequence[str] = found.settings.languages
        order = sorted(spoken, key=lambda one: position if (position := wished.find(one)) >= 0 else len(wished))
        return RedirectResponse(_at(found.id, order[0]), status_code=302, headers={"Vary": "Accept-Language"})

    @routes.get("/help/{tenant}/style.css", include_in_schema=False)
    async def style(tenant: str) -> Response:
        found = await service.database.read(lambda connection: tenants.find(connection, tenant))
        accent = found.settings.widget.accent or ACCENT
        day, night = readable(accent, GROUND, towards="#000000"), readable(accent, NIGHT, towards="#ffffff")
        colours = f":root{{--accent:{day}}}@media (prefers-color-scheme:dark){{:root{{--accent:{night}}}}}"
        return Response((HERE / "style.css").read_text() + colours, media_type="text/css")

    @routes.get("/help/{tenant}/sitemap.xml", include_in_schema=False)
    async def sitemap(tenant: str, request: Request) -> Response:
        found = await service.database.read(lambda connection: tenants.find(connection, tenant))
        if not found.settings.widget.help_centre:
            raise NotFound(f"{tenant[:64]} has no help centre.")
        addresses = [
            f"{gateway}{_at(found.id, language)}" for language in found.settings.languages if language in TEXTS
        ]
        for language in found.settings.languages:
            listed = await articles.listed(found.id, language)
            addresses += [f"{gateway}{_at(found.id, language)}articles/{quote(one.article)}" for one in listed]
        answer = templates.TemplateResponse(request, "sitemap.xml", {"addresses": addresses})
        answer.headers["content-type"] = "application/xml"
        return answer

    @routes.get("/help/{tenant}/{language}/", include_in_schema=False)
    async def home(tenant: str, language: Language, request: Request, q: Wording = "") -> Response:
        found = await _open(service, tenant, language)
        if q.strip():
            await service.limits.message(f"{found.id}:help:{client_address(request)}")
            hits = await articles.search(found.id, language, q)
            return page(request, "search.html", found, language, hits=hits, query=q)
        categories = [one for one in await articles.categories(found.id, language) if "/" not in one.path]
        first = await articles.first(found.id, language, found.settings.widget.articles)
        alternates = {other: _at(found.id, other) for other in found.settings.languages if other in TEXTS}
        return page(request, "home.html", found, language, categories=categories, first=first, alternates=alternates)

    @routes.get("/help/{tenant}/{language}/topics/{category:path}", include_in_schema=False)
    async def topic(tenant: str, language: Language, category: str, request: Request) -> Response:
        found = await _open(service, tenant, language)
        named = {one.path: one for one in await articles.categories(found.id, language)}
        if category not in named:
            return page(request, "missing.html", found, language, status=404)
        listed = [
            {"article": one.article, "title": one.title, "excerpt": plain(one.answer, most=DESCRIPTION_CHARS)}
            for one in await articles.listed(found.id, language, category=category)
        ]
        below = [one for path, one in named.items() if path.rpartition("/")[0] == category]
        return page(request, "topic.html", found, language, category=named[category], below=below, listed=listed)

    @routes.get("/help/{tenant}/{language}/articles/{article}", include_in_schema=False)
    async def one(
        tenant: str, language: Language, article: str, request: Request, told: Literal["yes", "no"] | None = None
    ) -> Response:
        found = await _open(service, tenant, language)
        try:
            read = await articles.one(found.id, language, article)
        except NotFound:
            return page(request, "missing.html", found, language, status=404)
        named = {each.path: each for each in await articles.categories(found.id, language)}
        near = await articles.listed(found.id, language, category=read.category or None)
        # A translation may not be in the copy yet that tells the others.
        others = {language, *await articles.languages(found.id, read.article)}
        return page(
            request,
            "article.html",
            found,
            language,
            article=read,
            told=told,
            text=as_html(read.answer),
            category=named.get(read.category),
            related=[each for each in near if each.article != read.article][:RELATED],
            description=plain(read.answer, most=DESCRIPTION_CHARS),
            alternates={other: f"{_at(found.id, other)}articles/{quote(read.article)}" for other in sorted(others)},
        )
