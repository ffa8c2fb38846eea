"""Clusters and gaps: what asks the same comes together, whatever the order, and fast enough for a year of questions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage

from kb_index.learning import clusters as module
from kb_index.learning.clusters import clusters, counterparts
from kb_index.learning.gaps import Trend, find_gaps, trend
from kb_index.learning.likeness import FEWEST_ARTICLES, Likeness
from kb_index.learning.model import Lesson, Why

NOW = datetime(2026, 6, 30, tzinfo=UTC)
PLAIN = Likeness({}, None, 0.5, 0.5)


def unit(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def topics(count: int, each: int, *, spread: float = 0.5, seed: int = 0) -> npt.NDArray[np.float32]:
    """Rows around `count` directions, `each` rows per direction, one direction after the other."""
    random = np.random.default_rng(seed)
    centres = unit(random.normal(size=(count, 64)))
    return unit(np.repeat(centres, each, axis=0) + random.normal(size=(count * each, 64)) * spread / 8)


def together(groups: list[npt.NDArray[np.int64]]) -> set[tuple[int, int]]:
    return {pair for group in groups for pair in combinations(sorted(group.tolist()), 2)}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40), st.floats(0.2, 0.9))
def test_the_clusters_are_those_of_the_textbooks_average_linkage(seed: int, count: int, closeness: float) -> None:
    rows = np.random.default_rng(seed).normal(size=(count, 5))
    vectors = unit(rows)
    distances = np.array([1 - float(vectors[a] @ vectors[b]) for a, b in combinations(range(count), 2)])
    labels = fcluster(linkage(distances, "average"), t=1 - closeness, criterion="distance")
    expected = {pair for pair in combinations(range(count), 2) if labels[pair[0]] == labels[pair[1]]}
    assert together(clusters(vectors, [1.0] * count, closeness=closeness)) == expected


def test_a_weight_is_so_many_equal_rows() -> None:
    vectors = topics(3, 4, spread=0.9)
    weights = [1.0, 5.0, 2.0, 1.0] * 3
    repeated = np.repeat(np.arange(12), np.array(weights, int))
    found = clusters(vectors, weights, closeness=0.6)
    again = clusters(vectors[repeated], [1.0] * len(repeated), closeness=0.6)
    assert together(found) == {
        (a, b) for a, b in {(int(repeated[c]), int(repeated[d])) for c, d in together(again)} if a != b
    }


def test_many_rows_are_clustered_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = topics(60, 10)
    exact = clusters(vectors, [1.0] * len(vectors), closeness=0.5)
    assert [len(group) for group in exact] == [10] * 60
    monkeypatch.setattr(module, "EXACT_UPTO", 100)
    assert together(clusters(vectors, [1.0] * len(vectors), closeness=0.5)) == together(exact)


def test_equal_rows_and_no_rows_are_no_riddle() -> None:
    assert clusters(np.zeros((0, 8), np.float32), [], closeness=0.5) == []
    same = np.tile(unit(np.ones((1, 8))), (7, 1))
    assert [len(group) for group in clusters(same, [1.0] * 7, closeness=0.9)] == [7]


def test_counterparts_need_each_other() -> None:
    left, right = np.eye(3, 4, dtype=np.float32), np.eye(4, dtype=np.float32)[[1, 0, 3]]
    assert counterparts(left, right, closeness=0.5) == [(0, 1), (1, 0)]
    assert counterparts(left[:0], right, closeness=0.5) == []


def lesson(
    number: int, text: str, *, days_ago: float = 1.0, language: str = "zh", why: Why | None = Why.ABSTAINED
) -> Lesson:
    return Lesson(
        tenant="shop",
        conversation=f"c_{number}",
        question=2,
        at=NOW - timedelta(days=days_ago),
        text=text,
        language=language,
        generation=None,
        action="abstain",
        probability=0.1,
        shown=None,
        right=None,
        wrong=None,
        why=why,
        reply=None,
        wrap_up=None,
    )


def test_gaps_are_the_same_in_any_order() -> None:
    vectors = topics(5, 6)
    lessons = [lesson(n, f"question {n}", days_ago=n) for n in range(30)]
    order = np.random.default_rng(1).permutation(30)
    shuffled = find_gaps([lessons[n] for n in order], vectors[order], PLAIN, now=NOW)
    assert shuffled == find_gaps(lessons, vectors, PLAIN, now=NOW)
    assert [gap.count for gap in shuffled] == [6] * 5


def test_answered_questions_are_no_gap_and_equal_ones_count_together() -> None:
    vectors = np.tile(topics(1, 1), (4, 1))
    texts = ["能停车吗", "能停车吗", "能停車吗", "能停车吗"]
    lessons = [lesson(n, text, why=None if n == 3 else Why.ABSTAINED) for n, text in enumerate(texts)]
    (gap,) = find_gaps(lessons, vectors, PLAIN, now=NOW)
    assert (gap.count, len(gap.examples), gap.examples[0].count) == (3, 1, 3)


def test_one_thing_asked_in_two_languages_is_one_gap() -> None:
    vectors = topics(3, 4)
    lessons = [lesson(n, f"question {n}", language="zh" if n % 2 else "en") for n in range(12)]
    found = find_gaps(lessons, vectors, PLAIN, now=NOW)
    assert [(gap.count, gap.languages) for gap in found] == [(4, ("en", "zh"))] * 3


@pytest.mark.parametrize(
    ("last", "before", "older", "expected"),
    [
        (3, 0, 0, Trend.NEW),
        (20, 5, 40, Trend.RISING),
        (5, 20, 40, Trend.FALLING),
        (6, 5, 40, Trend.STEADY),
        (2, 0, 9, Trend.STEADY),
        (0, 0, 9, Trend.STEADY),
    ],
)
def test_a_trend_is_more_than_chance(last: int, before: int, older: int, expected: Trend) -> None:
    assert trend(last, before, older=older) is expected


def test_a_learned_likeness_ignores_how_things_are_said() -> None:
    """Questions differ by topic and, more, by a tone that says nothing; the articles' own questions tell them apart."""
    random = np.random.default_rng(3)
    tone = random.normal(size=(4, 64))
    directions = random.normal(size=(2 * FEWEST_ARTICLES, 64))

    def said(topic: int, count: int) -> npt.NDArray[np.float32]:
        return unit(directions[topic] + random.normal(size=(count, 4)) @ tone)

    known = np.vstack([said(topic, 6) for topic in range(FEWEST_ARTICLES)])
    names = [str(topic) for topic in range(FEWEST_ARTICLES) for _ in range(6)]
    likeness = Likeness.learn(known, names, ["en"] * len(names))
    new = [lesson(n, f"text {n}", language="en") for n in range(60)]
    vectors = np.vstack([said(FEWEST_ARTICLES + topic, 6) for topic in range(10)])
    learned = find_gaps(new, vectors, likeness, now=NOW)
    bare = find_gaps(new, vectors, Likeness.learn(known[:6], names[:6], ["en"] * 6), now=NOW)
    assert len([gap for gap in learned if gap.count == 6]) >= 8
    assert len([gap for gap in bare if gap.count == 6]) <= 3
