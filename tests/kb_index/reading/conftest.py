from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from kb_index.articles.files import read_tenant
from kb_index.confidence.calibration import uncalibrated
from kb_index.index.contents import Tenant
from kb_index.index.embedding import DEFAULT_MODEL, load_encoder
from kb_index.reading.vocabulary import Vocabulary, vocabulary_of
from kb_index.search.assemble import assemble
from kb_index.text.collections import read_background

ROOT = Path(__file__).resolve().parents[3]
DAY = date(2026, 6, 1)


@pytest.fixture(scope="package")
def demo() -> Tenant:
    """The demo shop's own articles, indexed in memory; its confidence is the careful one of an unknown tenant."""
    encoder = load_encoder(DEFAULT_MODEL)
    articles = read_tenant("demo", ROOT / "data" / "kb").articles
    index = assemble(articles, read_background(ROOT / "data" / "background"), embed=encoder.encode)
    return Tenant(index, uncalibrated())


@pytest.fixture(scope="package")
def vocabulary(demo: Tenant) -> Vocabulary:
    return vocabulary_of(demo.index)
