"""Articles: what the knowledge base knows, one language version each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any

from kb_index.articles.values import FactKind, Value, normalise

LANGUAGES = ("zh", "en")


class Audience(StrEnum):
    """Who may read an article; agents also read what is public."""

    PUBLIC = "public"
    AGENTS = "agents"


class State(StrEnum):
    """Where an article is in its life; only what is published is indexed."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something that an article states and that may change: one name has one value at a time in a tenant and product.

    valid_to is the last day; without days a fact is valid as long as its article.
    """

    name: str
    kind: FactKind
    value: str
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def normal(self) -> Value:
        """What is compared; the fields were checked, so it can be read."""
        return normalise(self.kind, self.value)

    def valid_on(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class Variant:
    """The wording for one kind of channel, such as "wechat" or "voice"."""

    channel: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Article:
    """One language version of an article; valid_to is the last day it is valid.

    `answer` is what a page shows, `short` what fits a chat; a `quote_only` article has neither short nor variants,
    because its exact wording may be quoted and nothing else said.
    """

    tenant: str
    id: str
    language: str
    category: str
    title: str
    questions: tuple[str, ...]
    audience: Audience
    owner: str
    valid_from: date
    review_by: date
    answer: str
    valid_to: date | None = None
    tags: tuple[str, ...] = ()
    short: str = ""
    variants: tuple[Variant, ...] = ()
    facts: tuple[Fact, ...] = ()
    products: tuple[str, ...] = ()
    quote_only: bool = False
    state: State = State.PUBLISHED

    def valid_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def visible_to(self, audience: Audience) -> bool:
        return self.audience is Audience.PUBLIC or audience is Audience.AGENTS

    def answer_for(self, channel: str | None) -> str:
        """The wording for a chat on this kind of channel; None asks for the long one of a page."""
        if channel is None or self.quote_only:
            return self.answer
        wordings = {variant.channel: variant.text for variant in self.variants}
        return wordings.get(channel) or self.short or self.answer

    def about(self, other: Article) -> bool:
        """Whether both are about the same product; an article without products is about all of them."""
        return not self.products or not other.products or bool(set(self.products) & set(other.products))


@dataclass(frozen=True)
class Source:
    """All published articles of one tenant, with a hash that changes whenever one of them does."""

    tenant: str
    articles: tuple[Article, ...]
    digest: str


_DATES = ("valid_from", "valid_to", "review_by")
_OMITTED_WHEN_EMPTY = {field.name for field in fields(Article) if field.default in ((), "", False)}


def plain(article: Article) -> dict[str, Any]:
    """The article as JSON can hold it; article_of gives it back."""
    values: dict[str, Any] = {field.name: getattr(article, field.name) for field in fields(article)}
    values = {key: value for key, value in values.items() if value or key not in _OMITTED_WHEN_EMPTY}
    values |= {key: value.isoformat() for key in _DATES if (value := values[key]) is not None}
    values |= {key: list(values[key]) for key in ("questions", "tags", "products") if key in values}
    values |= {"audience": str(article.audience), "state": str(article.state)}
    if article.variants:
        values["variants"] = {variant.channel: variant.text for variant in article.variants}
    if article.facts:
        values["facts"] = [plain_fact(fact) for fact in article.facts]
    return values


def written(article: Article) -> dict[str, Any]:
    """The fields that somebody writes, as a request may send them back: plain() without whose it is and its state."""
    return {key: value for key, value in plain(article).items() if key not in ("tenant", "state")}


def plain_fact(fact: Fact) -> dict[str, Any]:
    """The fact as JSON can hold it."""
    days = {key: day.isoformat() for key in ("valid_from", "valid_to") if (day := getattr(fact, key)) is not None}
    return {"name": fact.name, "kind": str(fact.kind), "value": fact.value, **days}


def article_of(values: Mapping[str, Any]) -> Article:
    """The article that plain() made the values of; unchecked, for what we have stored ourselves."""
    found = dict(values)
    found |= {key: date.fromisoformat(found[key]) for key in _DATES if found.get(key)}
    found |= {key: tuple(found.get(key, ())) for key in ("questions", "tags", "products")}
    found["audience"] = Audience(found["audience"])
    found["state"] = State(found.get("state", State.PUBLISHED))
    found["variants"] = tuple(Variant(channel, text) for channel, text in found.get("variants", {}).items())
    found["facts"] = tuple(_fact(fact) for fact in found.get("facts", ()))
    return Article(**found)


def _fact(values: Mapping[str, Any]) -> Fact:
    days = {key: date.fromisoformat(values[key]) for key in ("valid_from", "valid_to") if values.get(key)}
    return Fact(**{**values, "kind": FactKind(values["kind"]), **days})
