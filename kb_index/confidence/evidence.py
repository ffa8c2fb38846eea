"""Evidence: the figures about a ranking that tell whether its first candidate is right."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from kb_index.confidence.foreign import Foreign
from kb_index.search.passage_words import words_in
from kb_index.search.retriever import Candidate, Ranking, TenantIndex
from kb_index.text.folding import character_grams

Features = npt.NDArray[np.float64]

NAMES = (
    "asked", "answered", "ahead in asking", "ahead in score", "head of first", "head of background",
    "head of second", "head ahead", "novelty", "background nearer", "words in passage", "words in article",
    "passage's words asked", "unknown words", "shared pairs", "length", "lexical per word", "lexical first",
    "lexical ahead", "head first", "head of the rest", "foreign",
)  # fmt: skip
"""What each figure is, in the order of features_of; a calibration fits only the features it was made with."""

UNLEARNED = Foreign()
IN_THESE_WORDS = 0.95
"""Cosine to one of the article's own questions from which a question is the same one."""
OWN = -2.0
"""Log-odds of being somebody else's that the tenant's own questions usually have."""

PRODUCT_PRECISION = 100.0
"""A product's coefficient is expected within 1/sqrt(100); from 30 to 300 the development sets do not tell."""


def features_of(ranking: Ranking, index: TenantIndex, foreign: Foreign = UNLEARNED) -> Features:
    """Cheap evidence that the first candidate is right; needs at least one candidate."""
    first, second = ranking.candidates[0], runner_up(ranking)
    others = ranking.candidates[1:]
    question = ranking.question
    words = set(question.tokens)
    passage_folded = index.folded(first.passage)
    passage_words = words_in(passage_folded)
    weight = {word: index.lexical.weight(word) for word in words | passage_words}
    total = sum(weight[word] for word in words) + 1e-9
    passage_total = sum(weight[word] for word in passage_words) + 1e-9
    shared_words = sum(weight[word] for word in words & passage_words)
    in_version = sum(weight[word] for word in words if index.lexical.has(word, first.version))
    unknown = sum(weight[word] for word in words if not index.lexical.knows(word))
    grams, passage_grams = _pairs(question.folded), _pairs(passage_folded)
    best_lexical = max((other.lexical for other in others), default=0.0)
    best_head = max((other.head for other in others), default=0.0)
    return np.array(
        [
            first.asked,
            first.answered,
            first.asked - (second.asked if second else 0.0),
            min(ranking.margin, 1.0),
            _logit(first.head),
            _logit(ranking.background_head),
            _logit(second.head if second else 0.0),
            first.head - best_head,
            ranking.novelty,
            ranking.background_cosine - first.asked,
            shared_words / total,
            in_version / total,
            shared_words / passage_total,
            unknown / total,
            2 * len(grams & passage_grams) / (len(grams) + len(passage_grams) + 1e-9),
            math.log1p(len(question.tokens)),
            first.lexical / (len(question.tokens) + 1.0),
            float(first.lexical >= best_lexical),
            (first.lexical - best_lexical) / (first.lexical + best_lexical + 1e-6),
            float(first.head >= best_head),
            min(sum(other.head for other in others) - best_head, 1.0),
            # What an article asks in just these words is the tenant's own, also when it was taught a minute ago.
            min(foreign.of(question), OWN) if first.asked >= IN_THESE_WORDS else foreign.of(question),
        ]
    )


def in_these_words(features: Features) -> bool:
    """Whether one of the first article's own questions is the question itself."""
    return bool(features[NAMES.index("asked")] >= IN_THESE_WORDS)


FURTHEST = 4.0
"""Standard deviations; figures farther out count as this far, so that their products stay bounded."""


def joined(standardised: Features) -> Features:
    """Rows (n x f) of standardised figures with all their products (n x f(f+1)/2) and, last, a one.

    Evidence counts differently in company: few shared words say little when the meaning is the same.
    """
    bounded = np.clip(standardised, -FURTHEST, FURTHEST)
    left, right = np.triu_indices(bounded.shape[1])
    return np.hstack([bounded, bounded[:, left] * bounded[:, right], np.ones((len(bounded), 1))])


def precisions(figures: int) -> Features:
    """How surely each coefficient of joined() is near nothing before anything is seen; the intercept may be any."""
    products = figures * (figures + 1) // 2
    return np.concatenate([np.ones(figures), np.full(products, PRODUCT_PRECISION), [1e-3]])


def runner_up(ranking: Ranking) -> Candidate | None:
    return max(ranking.candidates[1:], key=lambda candidate: candidate.score, default=None)


def closeness(ranking: Ranking) -> float:
    """How near the second article's evidence comes to the first's, 0..1."""
    second = runner_up(ranking)
    return 0.0 if second is None else min(1.0, second.head / max(ranking.candidates[0].head, 1e-6))


def _logit(probability: float) -> float:
    bounded = min(max(probability, 1e-3), 1 - 1e-3)
    return math.log(bounded / (1 - bounded))


def _pairs(folded: str) -> frozenset[str]:
    return frozenset(character_grams(folded, shortest=2, longest=2))
