"""Generations whose vectors are in PostgreSQL: built, swapped and refused like those in files."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from kb_index.errors import DatabaseUnavailable
from kb_index.index.build import Builder, build
from kb_index.index.generation import GenerationStore
from kb_index.index.live import LiveKnowledge
from kb_index.settings import Settings
from tests.kb_index.shop_articles import ask, quiet, write_article


@pytest.fixture
def on_postgres(shop: Settings, postgres_url: str) -> Settings:
    return shop.model_copy(update={"vectors": "pgvector", "vectors_url": SecretStr(postgres_url)})


def test_what_files_answer_the_database_answers(on_postgres: Settings, shop: Settings) -> None:
    in_files = LiveKnowledge(GenerationStore.of(shop))
    in_files.reload()
    name = build(on_postgres, if_changed=True, progress=quiet).generation
    live = LiveKnowledge(GenerationStore.of(on_postgres))
    assert live.reload() == name
    for question in ("多久能退款", "优惠券怎么用", "I forgot my password"):
        expected, found = ask(in_files.current(), question), ask(live.current(), question)
        assert [hit.article for hit in found.hits] == [hit.article for hit in expected.hits]
        assert found.decision.action == expected.decision.action


def test_an_edit_swaps_and_the_old_generation_still_answers(on_postgres: Settings) -> None:
    build(on_postgres, if_changed=True, progress=quiet)
    builder = Builder(on_postgres, quiet)
    live = LiveKnowledge(builder.store)
    live.reload()
    before = live.current()
    write_article(
        on_postgres.tenants["shop"], "violin", "zh", title="小提琴的弦断了换哪种",
        questions=["换哪种弦", "弦多少钱", "怎么换弦"], answer="E 弦。",
    )  # fmt: skip
    assert builder.publish_edits() is not None
    live.reload()
    assert ask(live.current(), "小提琴的弦断了换哪种").hits[0].article == "violin"
    assert "violin" not in [hit.article for hit in ask(before, "小提琴的弦断了换哪种").hits]


def test_without_the_database_the_generation_before_is_served(on_postgres: Settings, shop: Settings) -> None:
    store = GenerationStore.of(on_postgres)
    before = store.names()[0]
    current = build(on_postgres, if_changed=True, progress=quiet).generation
    live = LiveKnowledge(GenerationStore(shop.store, vectors_url="postgresql://nobody@127.0.0.1:1/nothing"))
    assert live.reload() == before
    assert current in str(live.warning)
    assert "does not answer" in str(live.warning)


def test_the_setting_without_an_address_says_what_to_set(shop: Settings, tmp_path: Path) -> None:
    wrong = shop.model_copy(update={"vectors": "pgvector", "database_url": f"sqlite:///{tmp_path}/x.db"})
    with pytest.raises(DatabaseUnavailable, match="TANDEM_KB_VECTORS_URL"):
        build(wrong, if_changed=True, progress=quiet)
