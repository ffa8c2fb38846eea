"""What people judge makes the confidence better on questions that nobody judged; judgements by chance do not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from kb_index.articles.files import read_tenant
from kb_index.articles.model import Audience
from kb_index.confidence.calibration import calibrate
from kb_index.confidence.corrections import refit
from kb_index.confidence.decision import Calibration
from kb_index.evaluation.measures import calibration_error
from kb_index.index.embedding import load_encoder
from kb_index.index.remembering import Remembering
from kb_index.learning.judged import judged_answers
from kb_index.learning.model import Lesson
from kb_index.search.assemble import assemble
from kb_index.search.retriever import Question, TenantIndex
from kb_index.text.collections import read_background
from kb_index.text.folding import fold

ROOT = Path(__file__).parents[3]
BUDGET = 0.03
DAY = date(2026, 11, 1)


@dataclass(frozen=True)
class Shop:
    """A third of the demo's articles; customers ask about all of them, and about what no shop knows."""

    index: TenantIndex
    encoder: Remembering
    fitted: Calibration
    lessons: tuple[Lesson, ...]


@pytest.fixture(scope="module")
def shop() -> Shop:
    encoder = Remembering(load_encoder("use-multilingual-v3"))
    everything = read_tenant("demo", ROOT / "data" / "kb").articles
    chosen = set(sorted({article.id for article in everything})[::3])
    background = read_background(ROOT / "data" / "background")[::10]
    articles = [one for one in everything if one.id in chosen]
    index = assemble(articles, background, embed=encoder.encode)
    fitted = calibrate(
        articles,
        background,
        assemble=partial(assemble, embed=encoder.encode),
        embed=encoder.encode,
        error_budget=BUDGET,
        progress=lambda _: None,
    )
    lines = [
        json.loads(line)
        for name in ("answerable", "out_of_scope")
        for line in (ROOT / "data" / "evaluation" / f"{name}.jsonl").read_text("utf-8").splitlines()
    ]
    # Half ask what the articles answer; the others, more than the fit had assumed, about what no article says.
    lines = [line for place, line in enumerate(lines) if line["article"] in chosen or place % 4 == 0]
    encoder.encode([fold(line["text"]) for line in lines])
    right = [line["article"] if line["article"] in chosen else None for line in lines]
    lessons = [
        _judged(index, encoder, line["text"], line["language"], each) for line, each in zip(lines, right, strict=True)
    ]
    return Shop(index, encoder, fitted, tuple(lessons))


def _judged(index: TenantIndex, encoder: Remembering, text: str, language: str, right: str | None) -> Lesson:
    """The question as an agent judges it: he names the right article, or says that the one shown is wrong."""
    shown = _first(index, encoder, text, language)
    return Lesson(
        tenant="demo",
        conversation=f"c_{text}",
        question=2,
        at=datetime(2026, 10, 1, tzinfo=UTC),
        text=text,
        language=language,
        generation=None,
        action=None,
        probability=None,
        shown=shown,
        right=right,
        wrong=shown if right is None else None,
        why=None,
        reply=None,
        wrap_up=None,
    )


def _first(index: TenantIndex, encoder: Remembering, text: str, language: str) -> str:
    question = Question.of(fold(text), encoder.encode([fold(text)])[0])
    ranking = index.rank(question, language=language, audience=Audience.PUBLIC, day=DAY)
    return index.articles[ranking.candidates[0].version].id


@dataclass(frozen=True)
class Measured:
    """Calibration error, the share of answers that are wrong, and how many can be answered within the budget."""

    error: float
    wrong: float
    within_budget: float


def measured(shop: Shop, calibration: Calibration, lessons: Sequence[Lesson]) -> Measured:
    asked = judged_answers(lessons, shop.index, calibration, embed=shop.encoder.encode, day=DAY)
    probabilities, right = np.array([one.probability for one in asked]), np.array([one.right for one in asked])
    given = right[probabilities >= calibration.threshold]
    sure = right[np.argsort(-probabilities, kind="stable")]
    within = np.flatnonzero(np.cumsum(~sure) <= BUDGET * np.arange(1, len(sure) + 1))
    error = calibration_error(probabilities.tolist(), right.tolist())
    return Measured(error, float((~given).mean()) if len(given) else 0.0, (within.max(initial=-1) + 1) / len(sure))


def learned(shop: Shop, lessons: Sequence[Lesson], *, shuffled: bool = False) -> Calibration:
    judged = judged_answers(lessons, shop.index, shop.fitted, embed=shop.encoder.encode, day=DAY)
    if shuffled:
        labels = np.random.default_rng(0).permutation([one.right for one in judged])
        judged = [replace(one, right=bool(label)) for one, label in zip(judged, labels, strict=True)]
    return refit(shop.fitted, judged, error_budget=BUDGET)


def test_corrections_improve_the_confidence_on_other_questions(shop: Shop) -> None:
    judged, others = shop.lessons[::2], shop.lessons[1::2]
    before, after = measured(shop, shop.fitted, others), measured(shop, learned(shop, judged), others)
    # Measured on each third of the articles: wrong .10 → 0, .13 → .04, .19 → 0; within the budget .18 → .19, .05 → .15,
    # .06 → .34. The calibration error of so few questions goes either way (.079 → .076, .069 → .100, .108 → .066).
    assert after.wrong <= 0.5 * before.wrong, (before, after)
    assert after.within_budget > before.within_budget, (before, after)
    assert after.error < before.error + 0.05, (before, after)


def test_judgements_by_chance_teach_nothing(shop: Shop) -> None:
    judged, others = shop.lessons[::2], shop.lessons[1::2]
    before = measured(shop, shop.fitted, others)
    by_chance = measured(shop, learned(shop, judged, shuffled=True), others)
    assert by_chance.within_budget < before.within_budget, (before, by_chance)


def test_a_question_that_an_article_contains_is_no_evidence(shop: Shop) -> None:
    known = shop.index.articles[0]
    told = replace(shop.lessons[0], text=known.questions[0], right=known.id, wrong=None)
    assert judged_answers([told], shop.index, shop.fitted, embed=shop.encoder.encode, day=DAY) == []


def test_what_nobody_judged_is_no_evidence(shop: Shop) -> None:
    told = next(lesson for lesson in shop.lessons if lesson.right is not None)
    unsaid = replace(told, right=None, wrong="another-article")
    assert judged_answers([unsaid], shop.index, shop.fitted, embed=shop.encoder.encode, day=DAY) == []
