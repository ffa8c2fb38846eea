"""The trained heads: how good the shipped ones are, and what a tenant's own messages change."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from kb_index.articles.files import read_tenant
from kb_index.index.embedding import Matrix, load_encoder
from kb_index.mood.figures import MoodReport, measure_mood, quality_of
from kb_index.mood.judge import MoodHeads, _fitted
from kb_index.mood.training import train_mood
from kb_index.settings import Settings
from kb_index.text.collections import JudgedMessage, read_background, read_judged_messages, read_mood
from kb_index.text.folding import fold

ROOT = Path(__file__).parents[3]
HELD_OUT = Path(__file__).parent / "held_out.jsonl"
EVALUATION = ROOT / "data" / "evaluation"
MEASURED = ("mood", "mood_unseen", "small_talk", "answerable", "out_of_scope", "negated", "foreign")
MODEL = Settings().model
THRESHOLD = Settings().unhappy_threshold


def embed(texts: Sequence[str]) -> Matrix:
    return load_encoder(MODEL).encode(texts)


@pytest.fixture(scope="session")
def shipped() -> MoodHeads:
    """As a build of the shipped articles trains them."""
    questions = [
        question for article in read_tenant("demo", ROOT / "data/kb").articles for question in article.questions
    ]
    calm = [*questions, *read_background(ROOT / "data/background")]
    return train_mood(read_mood(ROOT / "data/mood"), calm, embed=embed)


@pytest.fixture(scope="session")
def held_out(shipped: MoodHeads) -> MoodReport:
    return measure(shipped, read_judged_messages(HELD_OUT))


def measure(heads: MoodHeads, messages: Sequence[JudgedMessage]) -> MoodReport:
    return measure_mood(heads, messages, encoder=load_encoder(MODEL), threshold=THRESHOLD, default_language="zh")


def unhappy(heads: MoodHeads, text: str) -> float:
    folded = fold(text)
    return heads.judge(text, folded, embed([folded])[0], threshold=THRESHOLD).unhappy


def letters(text: str) -> str:
    """What is left of a message without marks, spaces, capitals and the name it is addressed to."""
    return re.sub(r"@\w+|[\W_]+", "", text.lower())


def test_the_shipped_messages_are_many_and_share_none_with_what_is_measured() -> None:
    texts = {letters(message.text) for message in read_mood(ROOT / "data/mood")}
    assert len(texts) >= 8_000
    assert len(read_background(ROOT / "data/background")) >= 2_500
    for path in (HELD_OUT, *(EVALUATION / f"{name}.jsonl" for name in MEASURED)):
        assert not texts & {letters(json.loads(line)["text"]) for line in path.read_text("utf-8").splitlines()}, path


def test_no_message_is_judged_both_ways() -> None:
    judged: dict[str, bool] = {}
    for message in read_mood(ROOT / "data/mood"):
        assert not (message.unhappy and message.happy), message
        assert judged.setdefault(message.text.strip().lower(), message.unhappy) == message.unhappy, message


@pytest.mark.parametrize("language", ["zh", "en"])
def test_small_talk_in_a_few_words_is_calm(shipped: MoodHeads, language: str) -> None:
    """ "Who am I talking to", "就这些了": the words of many a reproach, and none."""
    quality = measure(shipped, read_judged_messages(EVALUATION / "small_talk.jsonl")).by_language[language]
    assert quality.messages >= 70
    assert quality.false_alarms <= 0.03


@pytest.mark.parametrize("language", ["zh", "en"])
def test_unhappy_customers_of_other_trades_are_found(held_out: MoodReport, language: str) -> None:
    quality = held_out.by_language[language]
    assert quality.accuracy >= 0.80, quality
    assert quality.auroc >= 0.92, quality
    assert quality.recall >= 0.70, quality
    assert quality.precision >= 0.85, quality


def test_questions_of_the_evaluation_are_rarely_flagged(shipped: MoodHeads) -> None:
    lines = (EVALUATION / "answerable.jsonl").read_text("utf-8").splitlines()
    questions = [JudgedMessage(json.loads(line)["text"], False) for line in lines]
    assert measure(shipped, questions).total.false_alarms <= 0.045


def test_the_more_unhappy_of_two_gets_the_higher_probability(shipped: MoodHeads) -> None:
    for worse, better in (
        ("味道很差，再也不点了", "味道很好，下次再点"),
        ("it isn't comfortable at all", "it is so comfortable"),
        ("退款拖了一个月没人管", "退款一般要多久"),
        ("the sound is great but it broke after a day, useless", "the sound is great and it lasts all day"),
    ):
        assert unhappy(shipped, worse) > 0.5 > unhappy(shipped, better), (worse, better)


def test_evidence_names_the_words_in_both_languages(shipped: MoodHeads) -> None:
    for text, word in (
        ("房间又脏又吵，前台态度恶劣", "blame:脏"),
        ("the seat was filthy and the crew was rude", "blame:filthy"),
    ):
        folded = fold(text)
        mood = shipped.judge(text, folded, embed([folded])[0], threshold=THRESHOLD)
        assert mood.label == "unhappy"
        assert word in mood.evidence, mood.evidence


def test_evidence_without_listed_words_names_telling_ones_and_no_numbers(shipped: MoodHeads) -> None:
    text = "我13800000000这个号，打了三十遍电话，你们的人都死哪去了"
    folded = fold(text)
    mood = shipped.judge(text, folded, embed([folded])[0], threshold=0.2)
    assert mood.label == "unhappy"
    assert mood.evidence
    assert not any("138" in item for item in mood.evidence)


def test_heads_survive_being_stored(shipped: MoodHeads) -> None:
    again = MoodHeads.restore({key: np.array(value) for key, value in shipped.arrays().items()})
    for text in ("太差了", "how do I pay", "送得很快"):
        assert unhappy(again, text) == pytest.approx(unhappy(shipped, text), abs=1e-6)


OWN = [
    *(JudgedMessage(f"the flurb on line {n} is {word}", True) for n in range(12) for word in ("grey", "tilted")),
    *(JudgedMessage(f"the flurb on line {n} is {word}", False) for n in range(12) for word in ("green", "level")),
]


def test_own_messages_teach_what_only_this_tenant_says() -> None:
    judged, calm = read_mood(ROOT / "data/mood")[::8], read_background(ROOT / "data/background")[::8]
    before = train_mood(judged, calm, embed=embed)
    after = train_mood(judged, calm, embed=embed, own=OWN)
    assert unhappy(before, "the flurb on line 77 is grey") < 0.5
    assert unhappy(after, "the flurb on line 77 is grey") > 0.5 > unhappy(after, "the flurb on line 77 is green")


@pytest.mark.parametrize("label", [True, False])
def test_messages_of_one_kind_only_leave_the_word_lists_in_charge(label: bool) -> None:
    heads = train_mood([JudgedMessage("whatever", label)], [], embed=embed)
    assert unhappy(heads, "傻逼客服，骗子公司") > 0.5
    assert unhappy(heads, "how do I pay") < 0.5


def test_two_kinds_suffice() -> None:
    heads = train_mood([JudgedMessage("bad bad bad", True)], ["how do I pay", "where is it"], embed=embed)
    assert unhappy(heads, "bad bad bad") > unhappy(heads, "how do I pay")


def test_the_fit_is_that_of_the_textbook() -> None:
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    draw = np.random.default_rng(3)
    features, weights = draw.normal(size=(240, 5)).astype(np.float32), draw.uniform(0.5, 2, size=240)
    moods = np.argmax(features[:, :3] + draw.normal(size=(240, 3)), axis=1)
    textbook = LogisticRegression(C=10.0, tol=1e-6, max_iter=1000).fit(features, moods, sample_weight=weights)
    sparse, dense, bias = _fitted(csr_matrix(features[:, :2]), features[:, 2:], moods, weights)
    found = np.hstack([sparse, dense])
    assert np.allclose(found - found.mean(axis=0), textbook.coef_ - textbook.coef_.mean(axis=0), atol=0.02)
    assert np.allclose(bias - bias.mean(), textbook.intercept_ - textbook.intercept_.mean(), atol=0.02)


def test_figures_count_by_the_threshold() -> None:
    quality = quality_of([0.9, 0.7, 0.6, 0.1], [True, False, True, False], threshold=0.65)
    assert (quality.accuracy, quality.precision, quality.recall, quality.false_alarms) == (0.5, 0.5, 0.5, 0.5)
    assert quality.auroc == 0.75
    assert quality_of([0.2], [False], threshold=0.5).plain()["recall"] is None


def test_who_slipped_is_calm_and_who_is_blamed_for_it_is_not(shipped: MoodHeads) -> None:
    for calm, upset in (
        ("手滑下多了，把这单撤了", "你们发错货还赖我手滑"),
        ("clicked on two by mistake, take one off", "your mistake and you say i clicked wrong, shameless"),
    ):
        assert unhappy(shipped, upset) > 0.5 > unhappy(shipped, calm), (calm, upset)
