"""Confidence: from a ranking to probabilities, and from those to answer, clarify or abstain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from kb_index.confidence.evidence import Features, closeness, features_of, in_these_words, joined
from kb_index.confidence.experience import Experience
from kb_index.confidence.foreign import Foreign
from kb_index.confidence.logistic import sigmoid
from kb_index.confidence.vague import Vagueness, refuses, vagueness
from kb_index.index.embedding import Vector
from kb_index.search.retriever import Ranking, TenantIndex
from kb_index.text.folding import tokens

CLARIFY_FROM = 0.6
"""A clarifying question is worth asking when the right article is rather likely among its choices."""

CHOICES = 3
LEAST_CHOICES = 2


class Action(StrEnum):
    ANSWER = "answer"
    CLARIFY = "clarify"
    ABSTAIN = "abstain"


@dataclass(frozen=True)
class Decision:
    """What to do with a question, and the figures it was decided on.

    probability: the first hit is right; answerable: some article answers; margin: how far the first is ahead of
    the second in score. features, language and topic are what a correction of this decision is learned from.
    """

    action: Action
    probability: float
    threshold: float
    margin: float
    rule: str
    answerable: float = 0.0
    features: tuple[float, ...] = ()
    language: str = ""
    topic: str = ""


@dataclass(frozen=True)
class Calibration:
    """Three logistic models over one set of features and their products, and what was fitted on their probabilities.

    first: the first candidate is right; among_three: one of the first three is; answerable: any article answers.
    Each has a coefficient per figure of evidence.joined(). shifts move the log-odds for a language
    ("language zh") or a topic ("topic refunds"); close is the closeness of the second article from which the
    customer is asked. foreign tells how much a question sounds like somebody else's business, experience how questions
    like it have turned out.
    """

    mean: Features
    scale: Features
    first: Features
    among_three: Features
    answerable: Features
    threshold: float
    close: float
    shifts: Mapping[str, float] = field(default_factory=dict)
    foreign: Foreign = field(default_factory=Foreign)
    experience: Experience = field(default_factory=Experience)

    def probabilities(
        self, features: Features, *, language: str = "", topic: str = "", vector: Vector | None = None
    ) -> tuple[float, float, float]:
        """P(first is right), P(one of the first three is right), P(any article answers)."""
        row = joined(((features - self.mean) / self.scale)[None])[0]
        shift = sum(self.shifts.get(group, 0.0) for group in groups_of(language, topic))
        logits = np.array([row @ self.first + shift, row @ self.among_three + shift, row @ self.answerable])
        if vector is not None:
            logits += self.experience.shifts(vector)
        first, three, some = sigmoid(logits).tolist()
        return first, max(first, three), some

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {
            "mean": self.mean,
            "scale": self.scale,
            "first": self.first,
            "among_three": self.among_three,
            "answerable": self.answerable,
            "limits": np.array([self.threshold, self.close]),
            "groups": np.array(list(self.shifts), dtype=np.str_),
            "shifts": np.array(list(self.shifts.values()), dtype=np.float64),
            "foreign": self.foreign.weights,
            "experience": self.experience.weights,
            "heeded": self.experience.heeded,
        }

    @classmethod
    def restore(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Calibration:
        threshold, close = arrays["limits"].tolist()
        return cls(
            mean=arrays["mean"],
            scale=arrays["scale"],
            first=arrays["first"],
            among_three=arrays["among_three"],
            answerable=arrays["answerable"],
            threshold=threshold,
            close=close,
            shifts=dict(zip(map(str, arrays["groups"]), arrays["shifts"].tolist(), strict=True)),
            foreign=Foreign(arrays["foreign"]),
            experience=Experience(arrays["experience"], arrays["heeded"]) if "heeded" in arrays else Experience(),
        )


def groups_of(language: str, topic: str) -> tuple[str, ...]:
    """The groups whose own experience shifts a probability."""
    return (f"language {language}", f"topic {topic}")


def shares(ranking: Ranking, first: float, among_three: float) -> list[float]:
    """A probability per candidate: the first's own, the next two share what the first three have left."""
    rest = [candidate.head + 1e-6 for candidate in ranking.candidates[1:]]
    near, far = sum(rest[: CHOICES - 1]) or 1.0, sum(rest[CHOICES - 1 :]) or 1.0
    spread = [
        (among_three - first) * value / near if place < CHOICES - 1 else (1 - among_three) * value / far * 0.1
        for place, value in enumerate(rest)
    ]
    return [first, *(min(value, first) for value in spread)]


def _as_refusal(ranking: Ranking, index: TenantIndex) -> bool:
    """Whether the article's own question says what is not wanted too."""
    return refuses(tokens(index.folded(ranking.candidates[0].passage)))


def decide(ranking: Ranking, index: TenantIndex, calibration: Calibration) -> tuple[Decision, list[float]]:
    """Choose the action and give each candidate its probability."""
    threshold = calibration.threshold
    if not ranking.candidates:
        return Decision(Action.ABSTAIN, 0.0, threshold, 0.0, "no article may be shown"), []
    features = features_of(ranking, index, calibration.foreign)
    topic = index.articles[ranking.candidates[0].version].category
    # An article that asks in just these words may be of today, when questions like this one are no longer open.
    vector = None if in_these_words(features) else ranking.question.vector
    first, among_three, answerable = calibration.probabilities(
        features, language=ranking.language, topic=topic, vector=vector
    )
    enough = len(ranking.candidates) >= LEAST_CHOICES

    def choose() -> tuple[Action, str]:
        vague = vagueness(ranking.question.tokens, index)
        if vague is Vagueness.NOTHING_ASKED:
            return Action.ABSTAIN, "nothing asked"
        if vague is Vagueness.TOPIC_ONLY and enough:
            return Action.CLARIFY, "several articles on the topic, nothing asked about it"
        if first >= threshold and enough and closeness(ranking) >= calibration.close:
            return Action.CLARIFY, "two articles are close"
        if first >= threshold and enough and refuses(ranking.question.tokens) and not _as_refusal(ranking, index):
            return Action.CLARIFY, "says what is not wanted, and the article does not"
        if first >= threshold:
            return Action.ANSWER, "probability>=threshold"
        if among_three >= CLARIFY_FROM and enough:
            return Action.CLARIFY, f"among_three>={CLARIFY_FROM}"
        return Action.ABSTAIN, "probability<threshold"

    action, rule = choose()
    decision = Decision(
        action=action,
        probability=first,
        threshold=threshold,
        margin=ranking.margin,
        rule=rule,
        answerable=answerable,
        features=tuple(features.tolist()),
        language=ranking.language,
        topic=topic,
    )
    return decision, shares(ranking, first, among_three)
