"""Calibrating: on judged questions, with the control of shuffled labels, and from people's corrections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from kb_index.articles.model import Article, Audience
from kb_index.confidence.calibration import Labelled, calibrate_on, uncalibrated
from kb_index.confidence.corrections import JudgedAnswer, refit
from kb_index.confidence.decision import Action, Calibration, decide
from kb_index.confidence.evidence import NAMES, closeness, features_of
from kb_index.evaluation.contract import DAY
from kb_index.evaluation.questions import read_articles
from kb_index.index.remembering import Remembering
from kb_index.search.assemble import assemble
from kb_index.search.retriever import Question, Ranking, TenantIndex
from kb_index.text.folding import fold
from tests.kb_index.evaluation.spelled_encoder import THINGS, WAYS, SpelledEncoder, topic_lines, topic_questions
from tests.kb_index.evaluation.test_evaluation_contract import BACKGROUND, write_lines

KNOWN, MISSING = THINGS[:14], THINGS[14:]
EMBED = Remembering(SpelledEncoder()).encode


@pytest.fixture(scope="module")
def articles(tmp_path_factory: pytest.TempPathFactory) -> list[Article]:
    return read_articles(write_lines(tmp_path_factory.mktemp("topics") / "a.jsonl", topic_lines(KNOWN)))


@pytest.fixture(scope="module")
def index(articles: list[Article]) -> TenantIndex:
    return assemble(articles, BACKGROUND, embed=EMBED)


@pytest.fixture(scope="module")
def judged() -> list[Labelled]:
    """Questions of every wording that the articles do not have, with some noise words so that none is twice."""
    asked = [
        replace(question, text=f"{question.text} {extra}")
        for extra in ("today", "now", "asap", "thanks", "for order 7")
        for question in topic_questions(KNOWN, MISSING)
    ]
    return [Labelled(question.text, question.right, "en") for question in asked]


def rank(index: TenantIndex, text: str, **more: object) -> Ranking:
    folded = fold(text)
    question = Question.of(folded, EMBED([folded])[0])
    return index.rank(question, language="en", audience=Audience.PUBLIC, day=DAY, **more)  # type: ignore[arg-type]


def answered(index: TenantIndex, calibration: Calibration, questions: Sequence[str]) -> int:
    return sum(decide(rank(index, text), index, calibration)[0].action is Action.ANSWER for text in questions)


def test_calibrated_on_the_truth_it_answers_and_stays_within_the_budget(
    index: TenantIndex, judged: list[Labelled]
) -> None:
    calibration = calibrate_on(index, judged, embed=EMBED, error_budget=0.05)
    asked = topic_questions(KNOWN, MISSING)
    known = [one.text for one in asked if one.right]
    unknown = [one.text for one in asked if not one.right]
    assert answered(index, calibration, known) > 0.7 * len(known)
    assert answered(index, calibration, unknown) <= 0.05 * len(known)


def test_with_shuffled_labels_it_answers_nothing(index: TenantIndex, judged: list[Labelled]) -> None:
    """The control: a calibration that would answer with labels that mean nothing has measured nothing."""
    order = np.random.default_rng(0).permutation(len(judged)).tolist()
    shuffled = [replace(one, right=judged[place].right) for one, place in zip(judged, order, strict=True)]
    calibration = calibrate_on(index, shuffled, embed=EMBED, error_budget=0.05)
    assert answered(index, calibration, [one.text for one in topic_questions(KNOWN, MISSING)]) == 0


def test_calibrating_does_not_depend_on_chance(index: TenantIndex, judged: list[Labelled]) -> None:
    first, second = (calibrate_on(index, judged, embed=EMBED, error_budget=0.05) for _ in range(2))
    assert first.threshold == second.threshold
    assert np.array_equal(first.first, second.first)


def test_a_calibration_survives_being_stored(index: TenantIndex, judged: list[Labelled]) -> None:
    calibration = calibrate_on(index, judged, embed=EMBED, error_budget=0.05)
    calibration = replace(calibration, shifts={"language zh": 0.25, "topic refunds": -0.5})
    again = Calibration.restore(calibration.arrays())
    features = features_of(rank(index, "my parcel"), index)
    assert again.probabilities(features, language="zh", topic="refunds") == calibration.probabilities(
        features, language="zh", topic="refunds"
    )
    assert (again.threshold, again.close) == (calibration.threshold, calibration.close)


def test_a_topic_with_its_own_experience_has_its_own_probability(index: TenantIndex) -> None:
    calibration = replace(uncalibrated(), shifts={"topic refunds": -3.0})
    features = features_of(rank(index, WAYS[0].format("parcel")), index)
    usual, *_ = calibration.probabilities(features, language="en", topic="parcels")
    doubted, *_ = calibration.probabilities(features, language="en", topic="refunds")
    assert doubted < usual


def test_every_decision_carries_what_it_was_decided_on(index: TenantIndex) -> None:
    decision, _ = decide(rank(index, WAYS[0].format("parcel")), index, uncalibrated())
    assert len(decision.features) == len(NAMES)
    assert decision.rule
    assert 0 < decision.probability <= 1
    assert 0 < decision.answerable <= 1
    assert decision.threshold == uncalibrated().threshold
    assert (decision.language, decision.topic) == ("en", "")


def test_a_hidden_article_is_as_if_it_did_not_exist(index: TenantIndex) -> None:
    text = WAYS[0].format("parcel")
    seen, hidden = rank(index, text), rank(index, text, hidden={"parcel"})
    assert index.articles[seen.candidates[0].version].id == "parcel"
    assert all(index.articles[candidate.version].id != "parcel" for candidate in hidden.candidates)
    assert hidden.novelty > seen.novelty


def test_a_question_between_two_articles_is_close(index: TenantIndex) -> None:
    assert closeness(rank(index, "my parcel does not work, my refund does not work")) > 0.3
    assert closeness(rank(index, WAYS[0].format("parcel"))) < 0.1


def judgements(count: int, *, right: float, topic: str = "refunds", seed: int = 0) -> list[JudgedAnswer]:
    """Answers given with evidence that used to be enough."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        features = random.normal(0.5, 0.2, len(NAMES))
        features[NAMES.index("asked")] = random.uniform(0.75, 0.95)
        found.append(JudgedAnswer(tuple(features.tolist()), 0.9, bool(random.random() < right), "en", topic))
    return found


def probability(calibration: Calibration, answer: JudgedAnswer, topic: str) -> float:
    return calibration.probabilities(np.array(answer.features), language="en", topic=topic)[0]


def test_corrections_move_the_probability_towards_what_people_say() -> None:
    earlier = uncalibrated()
    answer = judgements(1, right=1, seed=9)[0]
    doubted = refit(earlier, judgements(500, right=0.2))
    trusted = refit(earlier, judgements(500, right=1.0))
    assert probability(doubted, answer, "refunds") < 0.5 < 0.9 < probability(trusted, answer, "refunds")


def test_a_few_corrections_move_little_and_none_nothing() -> None:
    earlier = uncalibrated()
    assert refit(earlier, []) is earlier
    assert refit(earlier, judgements(5, right=0.0)) is earlier
    answer = judgements(1, right=1, seed=9)[0]
    few, many = (refit(earlier, judgements(count, right=0.5)) for count in (20, 2000))
    before = probability(earlier, answer, "refunds")
    assert abs(probability(few, answer, "refunds") - before) < abs(probability(many, answer, "refunds") - before)


def test_what_is_wrong_in_one_topic_is_doubted_there_first() -> None:
    judged = [*judgements(150, right=0.1, topic="refunds"), *judgements(150, right=0.95, topic="parcels", seed=1)]
    fitted = refit(uncalibrated(), judged)
    answer = judgements(1, right=1, seed=9)[0]
    assert probability(fitted, answer, "refunds") < probability(fitted, answer, "parcels")


def test_answers_that_people_reject_raise_the_threshold() -> None:
    earlier = replace(uncalibrated(), threshold=0.5)
    random = np.random.default_rng(5)
    mixed = [replace(one, right=bool(random.random() < 0.8)) for one in judgements(600, right=1)]
    assert refit(earlier, mixed).threshold > earlier.threshold


def test_features_of_another_version_are_left_out() -> None:
    earlier = uncalibrated()
    foreign = [replace(one, features=(1.0, 2.0)) for one in judgements(100, right=0)]
    assert refit(earlier, foreign) is earlier
