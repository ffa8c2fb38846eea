"""Confidence: from a ranking to probabilities, and from those to answer, clarify or abstain."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from kb_index.confidence.vague import Vagueness, vagueness
from kb_index.search.retriever import Candidate, Ranking, TenantIndex
from kb_index.text.folding import character_grams

Features = npt.NDArray[np.float64]

CLARIFY_FROM = 0.6
"""A clarifying question is worth asking when the right article is rather likely among its choices."""

CLOSE = 0.4
"""Two articles are close when the classifier gives the second so much of what it gives the first."""

CHOICES = 3
LEAST_CHOICES = 2


class Action(StrEnum):
    ANSWER = "answer"
    CLARIFY = "clarify"
    ABSTAIN = "abstain"


@dataclass(frozen=True)
class Decision:
    """What to do with a question, and the figures it was decided on."""

    action: Action
    probability: float
    threshold: float
    margin: float
    rule: str


def features_of(ranking: Ranking, index: TenantIndex) -> Features:
    """Cheap evidence that the first candidate is right; needs at least one candidate."""
    first = ranking.candidates[0]
    second = _runner_up(ranking)
    question = ranking.question
    passage = index.passage_folds[first.passage]
    words = set(question.tokens)
    version_words = index.version_words[first.version]
    weight = {word: index.lexical.weight(word) for word in words}
    total = sum(weight.values()) + 1e-9
    in_passage = sum(weight[word] for word in words & index.passage_words[first.passage])
    in_version = sum(weight[word] for word in words & version_words)
    unknown = sum(weight[word] for word in words if not index.lexical.knows(word))
    grams, passage_grams = _pairs(question.folded), _pairs(passage)
    shared = len(grams & passage_grams)
    return np.array(
        [
            first.asked,
            first.answered,
            first.asked - (second.asked if second else 0.0),
            min(ranking.margin, 1.0),
            _logit(first.head),
            _logit(ranking.background_head),
            _logit(second.head if second else 0.0),
            ranking.background_cosine - first.asked,
            in_passage / total,
            in_version / total,
            unknown / total,
            2 * shared / (len(grams) + len(passage_grams) + 1e-9),
            math.log1p(len(question.tokens)),
            first.lexical / (len(question.tokens) + 1.0),
            float(first.lexical >= max(candidate.lexical for candidate in ranking.candidates)),
        ]
    )


def _runner_up(ranking: Ranking) -> Candidate | None:
    return max(ranking.candidates[1:], key=lambda candidate: candidate.score, default=None)


def _logit(probability: float) -> float:
    bounded = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))


def _pairs(folded: str) -> frozenset[str]:
    return frozenset(character_grams(folded, shortest=2, longest=2))


@dataclass(frozen=True)
class Calibration:
    """Two logistic models, "the first is right" and "one of the first three is right", and a threshold."""

    mean: Features
    scale: Features
    first: Features
    among_three: Features
    threshold: float

    def probabilities(self, features: Features) -> tuple[float, float]:
        """P(first is right) and P(one of the first three is right)."""
        row = np.append((features - self.mean) / self.scale, 1.0)
        first = _sigmoid(float(row @ self.first))
        return first, max(first, _sigmoid(float(row @ self.among_three)))

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {
            "mean": self.mean,
            "scale": self.scale,
            "first": self.first,
            "among_three": self.among_three,
            "threshold": np.array([self.threshold]),
        }

    @classmethod
    def restore(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Calibration:
        return cls(
            mean=arrays["mean"],
            scale=arrays["scale"],
            first=arrays["first"],
            among_three=arrays["among_three"],
            threshold=float(arrays["threshold"][0]),
        )


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-min(max(value, -40.0), 40.0)))


def shares(ranking: Ranking, first: float, among_three: float) -> list[float]:
    """A probability per candidate: the first's own, the next two share what the first three have left."""
    rest = [candidate.head + 1e-6 for candidate in ranking.candidates[1:]]
    near, far = sum(rest[: CHOICES - 1]) or 1.0, sum(rest[CHOICES - 1 :]) or 1.0
    spread = [
        (among_three - first) * value / near if place < CHOICES - 1 else (1 - among_three) * value / far * 0.1
        for place, value in enumerate(rest)
    ]
    return [first, *(min(value, first) for value in spread)]


def decide(ranking: Ranking, index: TenantIndex, calibration: Calibration) -> tuple[Decision, list[float]]:
    """Choose the action and give each candidate its probability."""
    threshold = calibration.threshold
    if not ranking.candidates:
        return Decision(Action.ABSTAIN, 0.0, threshold, 0.0, "no article may be shown"), []
    first, among_three = calibration.probabilities(features_of(ranking, index))
    vague = vagueness(ranking.question.tokens, index)
    enough = len(ranking.candidates) >= LEAST_CHOICES

    def decided(action: Action, rule: str) -> tuple[Decision, list[float]]:
        decision = Decision(action, first, threshold, ranking.margin, rule)
        return decision, shares(ranking, first, among_three)

    if vague is Vagueness.NOTHING_ASKED:
        return decided(Action.ABSTAIN, "nothing asked")
    if vague is Vagueness.TOPIC_ONLY and enough:
        return decided(Action.CLARIFY, "several articles on the topic, nothing asked about it")
    second = _runner_up(ranking)
    if first >= threshold and second is not None and second.head >= CLOSE * ranking.candidates[0].head:
        return decided(Action.CLARIFY, "two articles are close")
    if first >= threshold:
        return decided(Action.ANSWER, "probability>=threshold")
    if among_three >= CLARIFY_FROM and enough:
        return decided(Action.CLARIFY, f"among_three>={CLARIFY_FROM}")
    return decided(Action.ABSTAIN, "probability<threshold")
