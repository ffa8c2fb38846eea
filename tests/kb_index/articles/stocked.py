"""Four articles with everything that an article can have, for any store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from kb_index.articles.categories import Category
from kb_index.articles.lifecycle import Change, Kept, Verb
from kb_index.articles.model import Article, Audience, Fact, State, Variant, plain
from kb_index.articles.stores import ArticleStore
from kb_index.articles.values import FactKind
from tests.kb_index.articles.labelled_pairs import article

BLANK = f"400-{'X' * 3}-XXXX"
"""A phone number that nobody filled in."""
NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
CATEGORIES = [
    Category("orders", {"zh": "订单", "en": "Orders"}),
    Category("returns", {"zh": "退换货", "en": "Returns"}),
    Category("returns/refund", {"zh": "退款", "en": "Refunds"}),
]
FULL = article(
    "refund-timing",
    "zh",
    "退款 3–5 个工作日到账，请致电 400-601-7788。",
    title="退款多久到账",
    questions=("多久能退款", "退款要等几天", "钱什么时候到"),
    category="returns/refund",
    tags=("hot", "refund"),
    products=("wallet",),
    short="3–5 个工作日到账。",
    variants=(Variant("wechat", "退款 3–5 个工作日到账哦。"),),
    facts=(
        Fact(name="hotline", kind=FactKind.PHONE, value="400-601-7788"),
        Fact(name="refund-days", kind=FactKind.DEADLINE, value="3–5 个工作日", valid_from=date(2026, 1, 1)),
    ),
    valid_to=date(2029, 12, 31),
)
ARTICLES = (
    FULL,
    article("refund-timing", "en", "Refunds arrive in 3–5 working days.", category="returns/refund", title="Refunds"),
    article("limits", "zh", "单次最多赔付五十元。", audience=Audience.AGENTS, owner="support", title="赔付上限"),
    article("terms", "zh", "以本条款的原文为准。", quote_only=True, title="条款", review_by=date(2026, 5, 1)),
)
DRAFT = article("new-gift", "zh", "新人礼包 30 元。", title="新人礼包", state=State.DRAFT)


def change(verb: Verb, subject: Article, *, revision: int | None = None, **more: Any) -> Change:
    """A change by nobody in particular."""
    values: dict[str, Any] = {"actor": "mei", "at": NOW, "why": "", **more}
    return Change(
        verb=verb, tenant=subject.tenant, id=subject.id, language=subject.language, revision=revision, **values
    )


def create(store: ArticleStore, subject: Article, **more: Any) -> Kept:
    return store.apply(change(Verb.CREATE, subject, article=replace(subject, state=State.DRAFT), **more))


def publish(store: ArticleStore, kept: Kept, **more: Any) -> Kept:
    return store.apply(change(Verb.PUBLISH, kept.article, revision=kept.revision, **more))


def publish_all(store: ArticleStore) -> None:
    store.set_categories(CATEGORIES)
    for subject in ARTICLES:
        publish(store, create(store, subject))
    create(store, DRAFT)


def write_all(folder: Path) -> None:
    for subject in (*ARTICLES, DRAFT):
        write_file(folder, subject)
    titles = {category.path: dict(category.titles) for category in CATEGORIES}
    (folder / "categories.yml").write_text(yaml.safe_dump(titles, allow_unicode=True), "utf-8")


def write_file(folder: Path, subject: Article) -> Path:
    """The article as a file."""
    header = fields(subject) | {"state": str(subject.state)}
    path = folder / subject.language / f"{subject.id}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    answer = header.pop("answer")
    path.write_text(f"---\n{yaml.safe_dump(header, allow_unicode=True)}---\n{answer}\n", "utf-8")
    return path


def fields(subject: Article, **changes: Any) -> dict[str, Any]:
    """What a file or a request says of an article."""
    values = {**plain(subject), **changes}
    return {key: value for key, value in values.items() if key not in ("tenant", "state") and value is not None}


def body(subject: Article, actor: str = "mei", **more: Any) -> Mapping[str, Any]:
    """A request to create or edit."""
    return {"article": fields(subject), "actor": actor, **more}
