"""An edit of a large tenant is worked into its index: the hits are those of an index that was built anew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from kb_index.articles.model import Article
from kb_index.index import build as building
from kb_index.index.build import Builder
from kb_index.index.contents import EDIT, MOST_PARTS, embedded_files
from kb_index.index.generation import GenerationStore
from kb_index.index.live import LiveKnowledge
from kb_index.search import edits
from kb_index.search.assemble import assemble
from kb_index.search.edits import Edit, edited
from kb_index.search.retriever import Question, TenantIndex
from kb_index.search.understand import Knowledge
from kb_index.settings import Settings
from kb_index.text.folding import fold, tokens
from tests.kb_index.shop_articles import DAY, ask, quiet, write_article

QUESTIONS = [
    "退款要几天", "优惠券在哪里用", "怎么开发票", "想改收货地址", "小提琴的弦断了怎么办", "冰川徒步穿什么鞋",
    "how do I use a coupon", "when will my refund arrive", "fapiao", "密码忘记", "你好", "violin strings",
]  # fmt: skip


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every tenant counts as one whose index is not made anew for an edit."""
    monkeypatch.setattr(edits, "SMALL", 1)
    monkeypatch.setattr(edits, "MOST_CHANGED", 0.5)


def write(shop: Settings, name: str, title: str, language: str = "zh", answer: str = "好。") -> None:
    questions = [f"{title} {number}" for number in range(3)]
    write_article(shop.tenants["shop"], name, language, title=title, questions=questions, answer=answer)


def change(shop: Settings) -> None:
    """One article says something else, one is new, one is gone, one lost a language."""
    folder = shop.tenants["shop"]
    write(shop, "coupon", "优惠券和小提琴一起用", answer="弦可以用券。")
    write(shop, "glacier", "冰川徒步要带什么鞋")
    write(shop, "violin", "Which violin strings fit", "en", answer="E strings.")
    (folder / "zh" / "invoice.md").unlink()
    (folder / "en" / "coupon.md").unlink()


def hits(knowledge: Knowledge, text: str) -> list[tuple[str, str, str]]:
    return [(hit.article, hit.language, hit.passage) for hit in ask(knowledge, text, limit=5).hits]


def loaded(shop: Settings) -> LiveKnowledge:
    live = LiveKnowledge(GenerationStore(shop.store))
    live.reload()
    return live


def keys(articles: Sequence[Article]) -> set[tuple[str, str]]:
    return {(each.id, each.language) for each in articles}


def index_of(live: LiveKnowledge) -> TenantIndex:
    return live.current().tenant("shop").index


def test_what_is_found_after_edits_is_what_a_full_build_finds(shop: Settings) -> None:
    builder, live = Builder(shop, quiet), loaded(shop)
    write(shop, "coupon", "优惠券到期了怎么办")
    builder.publish_edits()
    live.reload()
    change(shop)
    report = builder.publish_edits()
    assert report is not None
    assert f"shop/{EDIT}" in builder.store.manifest(report.generation)["files"]
    live.reload()
    after, fresh = index_of(live), assemble_anew(live)
    assert keys(after.published) == keys(fresh.articles)
    assert report.tenants["shop"].articles == len(fresh.articles)
    assert report.tenants["shop"].passages == len(fresh.passages)
    encoder = live.current().encoder
    for text in QUESTIONS:
        question = Question.of(fold(text), encoder.encode([fold(text)])[0])
        for language in ("zh", "en"):
            one, other = ranked(after, question, language), ranked(fresh, question, language)
            assert [each[0] for each in one][:3] == [each[0] for each in other][:3], text
            np.testing.assert_allclose([each[1:4] for each in one], [each[1:4] for each in other], atol=2e-5)
    restarted = loaded(shop)
    for text in QUESTIONS:
        assert hits(restarted.current(), text) == hits(live.current(), text)
    builder.build(if_changed=True)
    live.reload()
    assert f"shop/{EDIT}" not in builder.store.manifest(builder.store.names()[0])["files"]
    for text in QUESTIONS[:8]:
        assert hits(restarted.current(), text)[:1] == hits(live.current(), text)[:1], text


def assemble_anew(live: LiveKnowledge) -> TenantIndex:
    """The same articles indexed without any memory but for the head's n-grams, which only a full build learns."""
    index, encoder = index_of(live), live.current().encoder
    whole = live.current().tenant("shop").whole
    return assemble(index.published, [], embed=lambda texts: encoder.encode(list(texts)), earlier=whole)


def ranked(index: TenantIndex, question: Question, language: str) -> list[tuple[object, float, float, float]]:
    from kb_index.articles.model import Audience

    ranking = index.rank(question, language=language, audience=Audience.PUBLIC, day=DAY)
    found = [(index.articles[each.version], each) for each in ranking.candidates]
    rows = [((article.id, article.language), each.asked, each.answered, each.lexical) for article, each in found]
    return sorted(rows, key=lambda row: (-row[1], -row[3], row[0]))  # type: ignore[arg-type]


def test_words_and_places_are_those_of_a_full_build(shop: Settings) -> None:
    before = loaded(shop)
    change(shop)
    Builder(shop, quiet).publish_edits()
    before.reload()
    after, fresh = index_of(before), assemble_anew(before)
    folded = [fold(passage.text) for passage in fresh.passages]
    words = {word for text in folded for word in tokens(text)} | {"发票", "invoice", "优惠券"}
    for word in words:
        assert after.lexical.knows(word) == fresh.lexical.knows(word), word
        assert after.lexical.weight(word) == pytest.approx(fresh.lexical.weight(word)), word
        assert after.articles_asking(word) == fresh.articles_asking(word), word
    there = {(each.id, each.language): place for place, each in enumerate(fresh.articles)}
    for place, article in enumerate(after.articles):
        if place not in after.gone:
            other = there[article.id, article.language]
            assert all(after.lexical.has(word, place) == fresh.lexical.has(word, other) for word in words)
    rows = np.flatnonzero(after.counts).tolist()
    counted = sorted((after.passages[row].kind, after.folded(row)) for row in rows)
    assert counted == sorted(zip((passage.kind for passage in fresh.passages), folded, strict=True))
    assert after.words.plain() == fresh.words.plain()


def test_an_edit_that_is_undone_leaves_nothing(shop: Settings) -> None:
    builder, live = Builder(shop, quiet), loaded(shop)
    path = shop.tenants["shop"] / "zh" / "coupon.md"
    text = path.read_text("utf-8")
    change(shop)
    builder.publish_edits()
    whole = builder._made[1]["shop"].whole
    assert Edit.between(whole, whole.articles, embed=never).vectors.shape == (0, 512)
    assert builder._made[1]["shop"].with_edit(Edit.between(whole, whole.articles, embed=never)).index is whole
    path.write_text(text, "utf-8")
    builder.publish_edits()
    live.reload()
    assert hits(live.current(), "优惠券怎么用")[0][:2] == ("coupon", "zh")


def never(_: object) -> np.ndarray:
    raise AssertionError("nothing is embedded")


def test_an_edit_that_does_not_fit_is_refused(knowledge: Knowledge) -> None:
    whole = knowledge.tenant("shop").index
    changed: tuple[Article, ...] = whole.articles[:1]
    with pytest.raises(ValueError, match="has 0 vectors for"):
        edited(whole, Edit(changed, (), np.zeros((0, 512), np.float32)))


@pytest.fixture
def few_parts(monkeypatch: pytest.MonkeyPatch) -> int:
    from kb_index.index import filling

    monkeypatch.setattr(filling, "MOST_PARTS", 3)
    return 3


def test_many_edits_put_their_vectors_together_and_build_nothing_whole(
    shop: Settings, few_parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every twenty-first edit was a full build with a new calibration, in the process that edits wait for."""
    assert few_parts < MOST_PARTS
    builder = Builder(shop, quiet)
    monkeypatch.setattr(building, "calibrate", never)
    known = len(builder.store.stored_vectors(builder.store.names()[0], model=shop.model))
    for number in range(2 * few_parts + 2):
        write(shop, "violin", f"小提琴的第 {number} 根弦断了")
        report = builder.publish_edits()
        assert report is not None
        assert report.embedded == 5
        files = embedded_files(builder.store.manifest(report.generation)["files"])
        assert len(files) <= few_parts + 1
    kept = builder.store.stored_vectors(builder.store.names()[0], model=shop.model)
    assert len(kept) == known + 5 * (2 * few_parts + 2)
    again = Builder(shop, quiet)
    write(shop, "violin", "小提琴的第 0 根弦断了")
    report = again.publish_edits()
    assert report is not None
    assert report.embedded == 0
