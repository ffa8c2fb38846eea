"""The demo's articles and some about single products: whose product it is settles a question that names none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from kb_index.articles.files import read_tenant
from kb_index.articles.model import Audience
from kb_index.confidence.calibration import uncalibrated
from kb_index.index.contents import Tenant
from kb_index.index.embedding import DEFAULT_MODEL, load_encoder
from kb_index.search.assemble import assemble
from kb_index.search.personal import Contact
from kb_index.search.understand import Asked, Knowledge
from kb_index.text.collections import read_background

ROOT = Path(__file__).parents[3]
DAY = date(2026, 11, 1)
PRODUCTS = Path(__file__).parent / "products"


@pytest.fixture(scope="module")
def shipped(knowledge: Knowledge) -> Knowledge:
    articles = [*read_tenant("demo", ROOT / "data" / "kb").articles, *read_tenant("demo", PRODUCTS).articles]
    index = assemble(articles, read_background(ROOT / "data" / "background"), embed=load_encoder(DEFAULT_MODEL).encode)
    served = Tenant(index, uncalibrated())
    return replace(knowledge, generation=replace(knowledge.generation, tenants={"demo": served}))


def first(shipped: Knowledge, text: str, *products: str) -> str:
    asked = Asked(
        text=text, tenant="demo", audience=Audience.PUBLIC, language=None, limit=3, contact=Contact(products=products)
    )
    return shipped.understand(asked, day=DAY, default_language="zh", unhappy_threshold=0.5).hits[0].article


@pytest.mark.parametrize("product", ["headphones", "keyboard"])
@pytest.mark.parametrize("text", ["怎么进入配对模式", "换了新手机要怎么重新配对", "how do I get into pairing mode"])
def test_pairing_is_that_of_what_he_has(shipped: Knowledge, text: str, product: str) -> None:
    assert first(shipped, text, product, "lamp") == f"{product}-pairing"


@pytest.mark.parametrize(
    ("text", "product", "article"),
    [
        ("键盘怎么进入配对模式", "headphones", "keyboard-pairing"),
        ("耳机怎么配对", "keyboard", "headphones-pairing"),
        ("how do I pair the keyboard", "headphones", "keyboard-pairing"),
        ("多久能退款", "headphones", "refund-timing"),
    ],
)
def test_what_the_question_names_counts_more_than_what_he_has(
    shipped: Knowledge, text: str, product: str, article: str
) -> None:
    assert first(shipped, text, product) == article
