"""Tenants that nobody had in mind, served beside an ordinary one: none, one article, 10,000 questions, a broken one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from kb_index.articles.fields import MOST_QUESTIONS
from kb_index.errors import ArticlesRefused
from kb_index.index.build import build
from kb_index.settings import Settings
from tests.kb_index.shop_articles import quiet, shop_settings, write_article
from tests.kb_index.test_kb_api import running


@pytest.fixture(scope="module")
def settings(built_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The shop, and: a tenant of the database without any article; one article; the shop's own with
    one more of 10,000 questions."""
    folder = tmp_path_factory.mktemp("odd") / "shop"
    shutil.copytree(built_shop, folder)
    write_article(
        folder / "lonely", "opening", "en", title="When are you open?",
        questions=["opening hours", "are you open on sunday", "when do you close"], answer="From nine to five.",
    )  # fmt: skip
    shutil.copytree(folder / "kb", folder / "huge")
    numbered = [f"where is parcel {number} of my order" for number in range(MOST_QUESTIONS)]
    write_article(folder / "huge", "parcels", "en", title="Where is my parcel?", questions=numbered, answer="Look.")
    plain = shop_settings(folder)
    odd = {"nobody": "database", "lonely": folder / "lonely", "huge": folder / "huge"}
    settings = shop_settings(folder, tenants={**plain.tenants, **odd})
    build(settings, if_changed=True, progress=quiet)
    return settings


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[httpx2.Client]:
    with running(settings) as client:
        yield client


def understand(client: httpx2.Client, tenant: str, text: str) -> dict[str, Any]:
    answer = client.post("/understand", json={"text": text, "tenant": tenant})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_where_nothing_is_known_nothing_is_answered(client: httpx2.Client) -> None:
    found = understand(client, "nobody", "how do I get an invoice")
    assert (found["hits"], found["decision"]["action"]) == ([], "abstain")
    assert found["mood"]["label"] == "calm"
    assert client.get("/search", params={"q": "invoice", "tenant": "nobody"}).json()["hits"] == []


def test_one_article_is_answered_when_asked_in_its_words_and_not_for_everything(client: httpx2.Client) -> None:
    found = understand(client, "lonely", "When are you open?")
    assert (found["hits"][0]["article"], found["decision"]["action"]) == ("opening", "answer")
    assert understand(client, "lonely", "my parcel is lost")["decision"]["action"] == "abstain"


def test_ten_thousand_questions_find_their_article_and_hide_no_other(client: httpx2.Client) -> None:
    assert understand(client, "huge", "where is parcel 9123 of my order")["hits"][0]["article"] == "parcels"
    for text in ("怎么开发票", "优惠券怎么用"):
        found, usual = understand(client, "huge", text), understand(client, "shop", text)
        assert found["hits"][0]["article"] == usual["hits"][0]["article"]
        assert (found["decision"]["action"], usual["decision"]["action"]) == ("answer", "answer")


def test_the_others_answer_beside_them(client: httpx2.Client) -> None:
    assert understand(client, "shop", "怎么开发票")["hits"][0]["article"] == "invoice"
    assert client.get("/readyz").json()["status"] == "ready"


def test_an_article_of_ten_megabytes_is_named_and_costs_nobody_else_an_answer(settings: Settings) -> None:
    path = settings.tenants["lonely"] / "en" / "endless.md"
    path.write_bytes(b"---\nid: endless\n---\n" + b"x" * 10 * 1024 * 1024)
    with running(settings) as client:
        report = build_error(settings)
        assert "endless.md" in report
        assert "split the article" in report
        assert understand(client, "lonely", "When are you open?")["hits"][0]["article"] == "opening"
        assert understand(client, "shop", "怎么开发票")["hits"][0]["article"] == "invoice"


def build_error(settings: Settings) -> str:
    with pytest.raises(ArticlesRefused) as refused:
        build(settings, if_changed=True, progress=quiet)
    return str([*map(str, refused.value.problems)])
