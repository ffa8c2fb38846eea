"""Public articles: from the knowledge base while it is up, from the gateway's own copy while it is not."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handoff_service.database import Database
from handoff_service.errors import NotFound, TandemError, Unavailable
from handoff_service.help_centre.markup import plain
from handoff_service.knowledge import store
from handoff_service.knowledge.client import Knowledge
from handoff_service.knowledge.matching import Copy, Matcher

TITLES_FOR_S = 300.0
EXCERPT_CHARS = 140
LISTED = 10
# What a customer is shown while he types is only what is probably meant: half a word is like many articles.
PERHAPS = 0.12
_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True)
class Found:
    """An article in a list."""

    article: str
    title: str
    excerpt: str


@dataclass(frozen=True)
class Category:
    """`path` such as returns/refund, its title in the page's language, and how many articles are in or below it."""

    path: str
    title: str
    count: int


class Articles:
    """Reads for all tenants; the copy is read from the database only when there is a newer one."""

    def __init__(self, database: Database, knowledge: Knowledge) -> None:
        self._database = database
        self._knowledge = knowledge
        self._copies: dict[str, tuple[datetime, list[Copy], Matcher]] = {}
        self._titles: dict[str, tuple[float, Mapping[str, Mapping[str, str]]]] = {}

    async def listed(self, tenant: str, language: str, *, category: str | None = None) -> list[Copy]:
        """Public articles of a language, of one category and those below it when one is named, by title."""
        copies, _ = await self._copied(tenant)
        wanted = [one for one in copies if one.language == language and _is_in(one.category, category)]
        return sorted(wanted, key=lambda one: one.title.casefold())

    async def categories(self, tenant: str, language: str) -> list[Category]:
        """The categories that have articles in this language, those of the first level first."""
        counted: Counter[str] = Counter()
        for one in await self.listed(tenant, language):
            steps = one.category.split("/")
            counted.update("/".join(steps[:count]) for count in range(1, len(steps) + 1) if one.category)
        titles = await self._category_titles(tenant)
        named = [Category(path, titles.get(path, {}).get(language) or path, count) for path, count in counted.items()]
        return sorted(named, key=lambda one: (one.path.count("/"), one.title.casefold()))

    async def search(self, tenant: str, language: str, query: str, *, sure: bool = False) -> list[Found]:
        """What a text may be about, the best first; `sure`: only what is likely meant, also by the start of a word."""
        begun = [_found(one) for one in beginning(await self.listed(tenant, language), query)] if sure else []
        try:
            found = await self._knowledge.search(
                query, tenant=tenant, language=language, limit=LISTED, audience="public"
            )
        except Unavailable:
            _, matcher = await self._copied(tenant)
            likely = [_found(match.copy) for match in matcher.find(query, language=language, limit=LISTED)]
            return _once([*likely, *begun])
        hits: Sequence[Mapping[str, Any]] = found.get("hits") or []
        meant = [hit for hit in hits if not sure or hit["probability"] >= PERHAPS]
        likely = [Found(hit["article"], hit["title"], plain(hit["answer"], most=EXCERPT_CHARS)) for hit in meant]
        return _once([*likely, *begun])

    async def first(self, tenant: str, language: str, wanted: Sequence[str]) -> list[Found]:
        """The articles that a tenant shows before anybody has typed, in his order."""
        copies = {one.article: one for one in await self.listed(tenant, language)}
        return [_found(copies[name]) for name in wanted if name in copies]

    async def one(self, tenant: str, language: str, article: str) -> Copy:
        """A public article as it is now. Raises NotFound, also for one that was withdrawn a moment ago."""
        try:
            read = await self._knowledge.public_article(article, tenant=tenant, language=language)
        except Unavailable:
            copies, _ = await self._copied(tenant)
            kept = next((one for one in copies if (one.article, one.language) == (article, language)), None)
            if kept is None:
                raise NotFound(f"There is no article {article}.") from None
            return kept
        if read is None or read.get("doubt") or read.get("language") != language:
            raise NotFound(f"There is no article {article}.")
        questions = tuple(str(one) for one in read.get("questions", ()))
        return Copy(
            article, language, str(read["title"]), questions, str(read["answer"]), str(read.get("category", ""))
        )

    async def languages(self, tenant: str, article: str) -> list[str]:
        """In which languages there is an article."""
        copies, _ = await self._copied(tenant)
        return sorted(one.language for one in copies if one.article == article)

    async def _copied(self, tenant: str) -> tuple[list[Copy], Matcher]:
        made = await self._database.read(lambda connection: store.copied_at(connection, tenant))
        if made is None:
            return [], Matcher([])
        known = self._copies.get(tenant)
        if known is None or known[0] != made:
            copies = await self._database.read(lambda connection: store.copies(connection, tenant))
            known = self._copies[tenant] = made, copies, Matcher(copies)
        return known[1], known[2]

    async def _category_titles(self, tenant: str) -> Mapping[str, Mapping[str, str]]:
        """By path and language; those of before while the knowledge base is away."""
        known = self._titles.get(tenant)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        try:
            tree = await self._knowledge.edit("GET", f"/tenants/{tenant}/categories", timeout_s=3.0)
        except TandemError:
            return known[1] if known else {}
        titles = dict(_walk(tree))
        self._titles[tenant] = time.monotonic() + TITLES_FOR_S, titles
        return titles


def beginning(copies: Sequence[Copy], typed: str) -> list[Copy]:
    """Articles whose title has a word that begins with each word typed so far: "refu" is not a word yet. Pure."""
    words = typed.casefold().split()

    def has(title: str, word: str) -> bool:
        return word in title if not word.isascii() else any(one.startswith(word) for one in _WORD.findall(title))

    return [one for one in copies if words and all(has(one.title.casefold(), word) for word in words)]


def _once(found: Sequence[Found]) -> list[Found]:
    """The first of each article."""
    return list({one.article: one for one in reversed(found)}.values())[::-1]


def _walk(nodes: Sequence[Mapping[str, Any]]) -> list[tuple[str, Mapping[str, str]]]:
    return [pair for node in nodes for pair in [(node["path"], node["titles"]), *_walk(node["children"])]]


def _is_in(path: str, category: str | None) -> bool:
    return category is None or path == category or path.startswith(f"{category}/")


def _found(copy: Copy) -> Found:
    return Found(copy.article, copy.title, plain(copy.answer, most=EXCERPT_CHARS))
