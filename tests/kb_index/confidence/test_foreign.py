"""Questions about somebody else's things in the tenant's words: made, learned, measured on names never seen."""

from __future__ import annotations

import json
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from kb_index.articles.files import read_tenant
from kb_index.articles.model import Article, Audience
from kb_index.confidence.calibration import calibrate
from kb_index.confidence.decision import Action, Calibration, decide
from kb_index.confidence.elsewhere import attached, questions_elsewhere, with_aside
from kb_index.confidence.foreign import PARTS, Foreign, learn
from kb_index.evaluation.questions import read_articles
from kb_index.index.embedding import load_encoder
from kb_index.index.remembering import Remembering
from kb_index.search.asking import Embed, questions_of, strange_words
from kb_index.search.assemble import assemble
from kb_index.search.retriever import Question, TenantIndex
from kb_index.text.collections import read_background
from kb_index.text.folding import fold
from tests.kb_index.evaluation.spelled_encoder import SpelledEncoder
from tests.kb_index.evaluation.test_evaluation_contract import write_lines

ROOT = Path(__file__).parents[3]
DAY = date(2026, 11, 1)
EMBED = Remembering(SpelledEncoder()).encode


def shop(folder: Path, answer: str) -> list[Article]:
    lines = [
        {"id": "pay", "language": "en", "questions": ["how can I pay", "reset my password"], "answer": answer},
        {"id": "zhpay", "language": "zh", "questions": ["怎么付款", "我的密码忘了"], "answer": answer},
    ]
    return read_articles(write_lines(folder / "a.jsonl", lines))  # type: ignore[arg-type]


def test_what_the_articles_mention_is_not_foreign(tmp_path: Path) -> None:
    strangers = {each.about for each in questions_elsewhere(shop(tmp_path, "By card."))}
    friends = {each.about for each in questions_elsewhere(shop(tmp_path, "With Spotify, 滴滴 or your gym's card."))}
    assert {"Spotify", "滴滴", "my gym"} <= strangers
    assert not {"Spotify", "滴滴", "my gym"} & friends
    assert len(friends) > 100


def test_no_name_of_the_evaluation_is_learned_from() -> None:
    lines = (ROOT / "data" / "evaluation" / "foreign.jsonl").read_text("utf-8").splitlines()
    asked = "\n".join(fold(json.loads(line)["text"]) for line in lines if '"foreign"' in line)
    articles = read_tenant("demo", ROOT / "data" / "kb").articles
    names = {fold(each.about) for each in questions_elsewhere(articles)}
    seen = {name for name in names if (f" {name} " in f" {asked} " if name.isascii() else name in asked)}
    assert not seen


def test_names_stand_where_a_customer_puts_them() -> None:
    random = np.random.default_rng(0)
    english = {attached("How do I reset my password?", "Netflix", "en", random) for _ in range(60)}
    chinese = {attached("我的密码忘了怎么办？", "淘宝", "zh", random) for _ in range(60)}
    assert "How do I reset my Netflix password" in english
    assert "How do I reset my password on Netflix" in english
    assert "我的淘宝密码忘了怎么办" in chinese
    assert "在淘宝上我的密码忘了怎么办" in chinese
    assert with_aside("how can I pay", "en", part=0, parts=6, random=random) != "how can I pay"
    assert with_aside("comment payer", "fr", part=0, parts=6, random=random) == "comment payer"


def test_only_words_that_no_article_has_are_strange(tmp_path: Path) -> None:
    index = assemble(shop(tmp_path, "By card."), [], embed=EMBED)
    assert strange_words("reset my netflix password", index) == "netflix"
    assert strange_words("reset my password", index) == ""
    known, strange = questions_of(["reset my password", "reset my netflix password"], index, EMBED)
    assert known.strange is None
    assert strange.strange is not None
    assert np.allclose(strange.strange, EMBED(["netflix"])[0])


def test_each_figure_is_of_a_model_that_has_not_seen_the_name() -> None:
    random = np.random.default_rng(0)
    vectors = random.standard_normal((200, 16)).astype(np.float32)
    questions = [Question.of("x", vector) for vector in vectors]
    parts = np.arange(200) % PARTS
    meaningless = random.random(200) < 0.5
    _, guessed = learn(questions, meaningless, parts)
    assert abs(np.corrcoef(guessed, meaningless)[0, 1]) < 0.3  # what was learned by heart would be near 1
    model, found = learn(questions, vectors[:, 0] > 0, parts)
    assert np.corrcoef(found, vectors[:, 0] > 0)[0, 1] > 0.6
    assert model.of(Question.of("x", np.eye(16, dtype=np.float32)[0] * 4)) > 0.5
    assert Foreign().of(questions[0]) == 0.0


@pytest.fixture(scope="module")
def demo() -> tuple[TenantIndex, Calibration, Embed]:
    """The demo's articles in one language, as they are shipped."""
    embed = Remembering(load_encoder("use-multilingual-v3")).encode
    articles = [each for each in read_tenant("demo", ROOT / "data" / "kb").articles if each.language == "zh"]
    background = read_background(ROOT / "data" / "background")[::4]
    index = assemble(articles, background, embed=embed)
    calibration = calibrate(
        articles,
        background,
        assemble=partial(assemble, embed=embed),
        embed=embed,
        error_budget=0.03,
        progress=lambda _: None,
    )
    return index, calibration, embed


def answered(demo: tuple[TenantIndex, Calibration, Embed], texts: list[str]) -> float:
    index, calibration, embed = demo
    asked = questions_of([fold(text) for text in texts], index, embed)
    rankings = [index.rank(one, language="zh", audience=Audience.PUBLIC, day=DAY) for one in asked]
    given = [decide(ranking, index, calibration)[0].action is Action.ANSWER for ranking in rankings]
    return sum(given) / len(given)


def lines(name: str, kind: str | None = None) -> list[str]:
    read = map(json.loads, (ROOT / "data" / "evaluation" / name).read_text("utf-8").splitlines())
    return [one["text"] for one in read if one["language"] == "zh" and kind in (None, one["kind"])]


def test_other_peoples_things_are_not_answered_and_our_own_are(
    demo: tuple[TenantIndex, Calibration, Embed],
) -> None:
    """Names that were never seen; before this was learned, .4 of them were answered."""
    assert answered(demo, lines("foreign.jsonl", "foreign")) <= 0.1
    assert answered(demo, lines("foreign.jsonl", "foreign freely")) <= 0.2
    assert answered(demo, lines("answerable.jsonl")) >= 0.6
