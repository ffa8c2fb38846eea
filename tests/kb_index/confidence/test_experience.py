"""What people judged makes other questions on the same unknown topics recognisable; chance teaches nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from kb_index.articles.files import read_tenant
from kb_index.articles.model import Audience
from kb_index.confidence import experience
from kb_index.confidence.calibration import Labelled, calibrate_on
from kb_index.confidence.decision import Action, Calibration, decide
from kb_index.confidence.experience import Experience
from kb_index.evaluation.measures import auroc
from kb_index.index.embedding import load_encoder
from kb_index.index.remembering import Remembering
from kb_index.search.asking import questions_of
from kb_index.search.assemble import assemble
from kb_index.search.retriever import Ranking, TenantIndex
from kb_index.text.collections import read_background
from kb_index.text.folding import fold

ROOT = Path(__file__).parents[3]
BUDGET = 0.03


@dataclass(frozen=True)
class Shop:
    """The demo without the articles of every third category; people have judged half of what is asked."""

    index: TenantIndex
    encoder: Remembering
    judged: tuple[Labelled, ...]
    others: tuple[Labelled, ...]

    def calibrated(self, judged: Sequence[Labelled]) -> Calibration:
        return calibrate_on(self.index, judged, embed=self.encoder.encode, error_budget=BUDGET)

    def ranking(self, one: Labelled) -> Ranking:
        question = questions_of([fold(one.text)], self.index, self.encoder.encode)[0]
        return self.index.rank(question, language=one.language, audience=Audience.PUBLIC, day=date.max)

    def sure(self, calibration: Calibration) -> tuple[float, float]:
        """How well it tells, of the others, right first articles from wrong ones, and questions with an answer."""
        rankings = [self.ranking(one) for one in self.others]
        told = [decide(ranking, self.index, calibration)[0] for ranking in rankings]
        first = [self.index.articles[ranking.candidates[0].version].id for ranking in rankings]
        right = [name in one.right for name, one in zip(first, self.others, strict=True)]
        answerable = [bool(one.right) for one in self.others]
        return auroc([one.probability for one in told], right), auroc([one.answerable for one in told], answerable)


@pytest.fixture(scope="module")
def shop() -> Shop:
    everything = [replace(one, valid_to=None) for one in read_tenant("demo", ROOT / "data" / "kb").articles]
    areas = sorted({one.category for one in everything})[::3]
    gone = {one.id for one in everything if one.category in areas}
    kept = [replace(one, questions=one.questions[:-1]) for one in everything if one.id not in gone]
    asked = [
        Labelled(text, frozenset() if one.id in gone else frozenset([one.id]), one.language)
        for one in everything
        for text in (one.questions if one.id in gone else one.questions[-1:])
    ]
    encoder = Remembering(load_encoder("use-multilingual-v3"))
    index = assemble(kept, read_background(ROOT / "data" / "background")[::10], embed=encoder.encode)
    return Shop(index, encoder, tuple(asked[::2]), tuple(asked[1::2]))


@pytest.fixture(scope="module")
def fitted(shop: Shop) -> Calibration:
    return shop.calibrated(shop.judged)


@pytest.fixture(scope="module")
def unlearned(shop: Shop) -> Calibration:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experience, "FEWEST_OF_EACH", len(shop.judged))
        return shop.calibrated(shop.judged)


def test_questions_like_those_that_had_no_answer_are_recognised(
    shop: Shop, fitted: Calibration, unlearned: Calibration
) -> None:
    assert not len(unlearned.experience.weights)
    assert fitted.experience.heeded[0] > 0.3
    first, answerable = np.array(shop.sure(fitted)) - shop.sure(unlearned)
    assert first > 0.01
    assert answerable > 0.05


def test_judgements_by_chance_are_not_heeded(shop: Shop) -> None:
    labels = np.random.default_rng(0).permutation(len(shop.judged))
    shuffled = [replace(one, right=shop.judged[place].right) for one, place in zip(shop.judged, labels, strict=True)]
    assert abs(shop.calibrated(shuffled).experience.heeded[0]) < 0.3


def test_where_every_judged_question_has_an_answer_nothing_is_learned(shop: Shop) -> None:
    answerable = [one for one in shop.judged if one.right]
    assert not len(shop.calibrated(answerable).experience.weights)


def test_what_an_article_asks_in_just_these_words_is_answered_whatever_was_judged(
    shop: Shop, fitted: Calibration
) -> None:
    """An article that was written for such questions a minute ago would not be answered before the next full build."""
    bad = np.concatenate([np.zeros(len(fitted.experience.weights) - 1), [-100.0]])
    grim = replace(fitted, experience=Experience(bad, np.array([5.0, 5.0, 5.0])))
    article = next(one for one in shop.index.articles if one.language == "en" and len(one.questions) > 2)
    own, other = (Labelled(text, frozenset([article.id]), "en") for text in (article.questions[0], "sofa legs"))
    usual = decide(shop.ranking(own), shop.index, replace(fitted, experience=Experience()))[0]
    assert decide(shop.ranking(own), shop.index, grim)[0].probability == usual.probability
    assert decide(shop.ranking(other), shop.index, grim)[0].action is Action.ABSTAIN


def test_it_is_kept_with_the_calibration_and_older_ones_have_none(fitted: Calibration) -> None:
    arrays = fitted.arrays()
    vector = np.ones(512, np.float32) / np.sqrt(512)
    assert (Calibration.restore(arrays).experience.shifts(vector) == fitted.experience.shifts(vector)).all()
    older = {name: value for name, value in arrays.items() if name not in ("experience", "heeded")}
    assert (Calibration.restore(older).experience.shifts(vector) == 0).all()
