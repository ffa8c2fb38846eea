"""Withdrawing: gone at once, in every process, for searches and for reading; until it is put back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import date

import pytest

from kb_index.articles.model import Audience
from kb_index.errors import UnknownArticle
from kb_index.index.build import Builder, build
from kb_index.index.generation import KEPT, GenerationStore
from kb_index.index.live import LiveKnowledge, withdraw
from kb_index.index.withdrawn import FILE, Withdrawals
from kb_index.settings import Settings
from tests.kb_index.shop_articles import DAY, ask, quiet, write_article

QUESTION = {"zh": "优惠券怎么用", "en": "how do I use a coupon"}


@pytest.fixture
def live(shop: Settings) -> LiveKnowledge:
    live = LiveKnowledge(GenerationStore(shop.store))
    live.reload()
    return live


def found(live: LiveKnowledge, language: str, *, day: date = DAY) -> set[tuple[str, str]]:
    hits = ask(live.current(), QUESTION[language], day=day).hits
    return {(hit.article, hit.language) for hit in hits}


def readable(live: LiveKnowledge, language: str) -> str | None:
    try:
        article = live.current().article("shop", "coupon", language=language, audience=Audience.PUBLIC, day=DAY)
    except UnknownArticle:
        return None
    return article.language


def test_an_article_is_gone_before_anything_is_built(live: LiveKnowledge, shop: Settings) -> None:
    assert ("coupon", "zh") in found(live, "zh")
    knowledge = live.current()
    withdraw(shop, "shop", "coupon")
    assert not {("coupon", "zh"), ("coupon", "en")} & (found(live, "zh") | found(live, "en"))
    assert readable(live, "zh") is None
    assert ("coupon", "zh") in {(hit.article, hit.language) for hit in ask(knowledge, QUESTION["zh"]).hits}, (
        "a request that had begun keeps its picture"
    )


def test_one_language_may_go_alone(live: LiveKnowledge) -> None:
    live.withdraw("shop", "coupon", "zh")
    assert readable(live, "zh") == readable(live, "en") == "en"
    assert ("coupon", "zh") not in found(live, "zh")
    assert ("coupon", "en") in found(live, "en")


def test_another_tenants_article_of_the_same_name_stays(live: LiveKnowledge, shop: Settings) -> None:
    """F-78."""
    withdraw(shop, "other", "coupon")
    assert ("coupon", "zh") in found(live, "zh")


def test_another_process_hides_it_too_and_it_outlives_a_restart(live: LiveKnowledge, shop: Settings) -> None:
    script = (
        "import sys; from pathlib import Path; from kb_index.index.withdrawn import Withdrawals;"
        "Withdrawals(Path(sys.argv[1])).add('shop', 'coupon')"
    )
    subprocess.run([sys.executable, "-c", script, str(shop.store)], check=True)
    assert readable(live, "zh") is None
    again = LiveKnowledge(GenerationStore(shop.store))
    again.reload()
    assert readable(again, "zh") is None


def remove(shop: Settings) -> None:
    for language in ("zh", "en"):
        (shop.tenants["shop"] / language / "coupon.md").unlink()


def put_back(shop: Settings) -> None:
    write_article(
        shop.tenants["shop"], "coupon", "zh", title="优惠券怎么用",
        questions=["怎么用优惠券", "券在哪里选", "一单几张券"], answer="新的规则。",
    )  # fmt: skip


@pytest.mark.parametrize("publish", [Builder.publish_edits, lambda builder: builder.build(if_changed=True)])
def test_what_is_put_back_is_visible_with_the_next_generation(
    live: LiveKnowledge, shop: Settings, publish: Callable[[Builder], object]
) -> None:
    remove(shop)
    withdraw(shop, "shop", "coupon")
    put_back(shop)
    assert readable(live, "zh") is None, "the generation that is served holds the old one"
    publish(Builder(shop, quiet))
    assert readable(live, "zh") is None
    live.reload()
    assert readable(live, "zh") == "zh"
    assert ("coupon", "zh") in found(live, "zh")


def test_a_generation_that_was_being_built_does_not_bring_it_back(live: LiveKnowledge, shop: Settings) -> None:
    builder = Builder(shop, quiet)
    path = shop.tenants["shop"] / "zh" / "refund-timing.md"
    path.write_text(path.read_text("utf-8").replace("三天", "四天"), "utf-8")
    reading = builder._stores

    class Withdrawing:
        """Reads the articles, and before anything is built of them one is deleted."""

        def read_all(self) -> object:
            sources = reading.read_all()
            withdraw(shop, "shop", "coupon")
            return sources

    builder._stores = Withdrawing()  # type: ignore[assignment]
    builder.publish_edits()
    live.reload()
    assert readable(live, "zh") is None
    assert Withdrawals(shop.store).last() == 1


def test_withdrawals_are_forgotten_when_no_generation_needs_them(shop: Settings) -> None:
    withdrawals = Withdrawals(shop.store)
    remove(shop)
    for name in ("coupon", "invoice", "refund-method"):
        withdraw(shop, "shop", name)
    for _ in range(KEPT):
        assert len(withdrawals.all()) == 3
        build(shop, if_changed=False, progress=quiet)
    assert [each.number for each in withdrawals.all()] == [3], "the last one keeps the count"
    withdraw(shop, "shop", "invoice")
    assert withdrawals.last() == 4


def test_a_line_that_was_broken_off_hides_nothing_and_spoils_nothing(shop: Settings) -> None:
    withdrawals = Withdrawals(shop.store)
    withdrawals.add("shop", "coupon")
    path = shop.store / FILE
    path.write_bytes(path.read_bytes() + b'{"number": 2, "tenant": "sh')
    assert [each.article for each in withdrawals.all()] == ["coupon"]
    withdrawals.add("shop", "invoice")
    assert [(each.number, each.article) for each in withdrawals.all()] == [(1, "coupon"), (2, "invoice")]
