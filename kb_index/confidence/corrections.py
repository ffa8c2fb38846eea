"""Corrections: the confidence learns from answers that people have judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from kb_index.confidence.budget import BELIEVED, fit_threshold, upper_bound
from kb_index.confidence.calibration import CROSS_CHECKS, FEWEST_IN_GROUP, GROUP_PRECISION
from kb_index.confidence.decision import Calibration, groups_of
from kb_index.confidence.evidence import in_these_words, joined, precisions
from kb_index.confidence.experience import PRECISION, Experience, learn
from kb_index.confidence.logistic import Flags, Floats, fit_logistic, sigmoid
from kb_index.index.embedding import Vector

TRUST = 30.0
"""The earlier coefficients count like a prior of this precision: some hundred judged answers begin to move them."""

INTERCEPT_TRUST = 10.0

FEWEST_JUDGED = 20


@dataclass(frozen=True)
class JudgedAnswer:
    """A decision's features (Decision.features) and whether its first hit answered the question, says somebody.

    vector is the question's embedding; without it nothing is learned from what it means.
    """

    features: tuple[float, ...]
    probability: float
    right: bool
    language: str
    topic: str
    vector: Vector | None = None


def refit(calibration: Calibration, judged: Sequence[JudgedAnswer], *, error_budget: float = 0.03) -> Calibration:
    """Move the probabilities of the first hit towards what people judged, for all and per language and topic.

    The earlier calibration is the prior: few judgements move it little, and answers with features of another
    version are left out. The threshold is fitted again on the judged answers, each predicted by a fit without it;
    it may fall only when so many are judged that they alone prove the lower one.
    """
    known = [one for one in judged if len(one.features) == len(calibration.mean)]
    if len(known) < FEWEST_JUDGED:
        return calibration
    features = joined((np.array([one.features for one in known]) - calibration.mean) / calibration.scale)
    own = [groups_of(one.language, one.topic) for one in known]
    counts = Counter(group for groups in own for group in groups)
    groups = sorted({*calibration.shifts, *(group for group, count in counts.items() if count >= FEWEST_IN_GROUP)})
    members = np.array([[group in groups_here for group in groups] for groups_here in own], dtype=float)
    right = np.array([one.right for one in known], dtype=np.bool_)
    part = np.random.default_rng(0).permutation(len(known)) % CROSS_CHECKS
    weights, met = _experience(known, right, part)
    rows = np.hstack([features, members.reshape(len(known), -1), met])
    prior = np.concatenate([calibration.first, [calibration.shifts.get(group, 0.0) for group in groups], [0.0]])
    plain = len(calibration.first)
    precision = np.concatenate(
        [precisions(len(calibration.mean)) + TRUST, np.full(len(groups), GROUP_PRECISION), [PRECISION]]
    )
    precision[plain - 1] = INTERCEPT_TRUST

    def fitted(chosen: np.ndarray) -> Floats:
        weight = np.ones(int(chosen.sum()))
        return fit_logistic(rows[chosen], right[chosen], weight, prior=prior, precision=precision)

    unseen = np.zeros(len(known))
    for number in range(CROSS_CHECKS):
        unseen[part == number] = sigmoid(rows[part == number] @ fitted(part != number))
    found = fitted(np.ones(len(known), dtype=np.bool_))
    return replace(
        calibration,
        first=found[:plain],
        shifts=dict(zip(groups, found[plain:-1].tolist(), strict=True)),
        experience=Experience(weights, np.array([found[-1], 0.0, 0.0])),
        threshold=_threshold(calibration.threshold, unseen, right, error_budget),
    )


def _experience(known: Sequence[JudgedAnswer], right: Flags, part: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """What the judged questions' meaning tells, and a column with its figure for each; zeros when that is nothing."""
    vectors = [one.vector for one in known if one.vector is not None]
    told = learn(vectors, right, part) if len(vectors) == len(known) else None
    if told is None:
        return np.zeros(0), np.zeros((len(known), 1))
    return told[0], np.where([in_these_words(np.array(one.features)) for one in known], 0.0, told[1])[:, None]


def _threshold(earlier: float, unseen: Floats, right: np.ndarray, error_budget: float) -> float:
    """The judged answers' own threshold if it is higher, or if they are many; else the earlier one."""
    weight = np.ones(len(unseen))
    fitted = fit_threshold(unseen, right, weight, error_budget=error_budget)
    given = unseen >= earlier
    wrong = int((given & ~right).sum())
    broken = given.any() and wrong > error_budget * given.sum()
    proven = (unseen >= fitted).sum() >= BELIEVED and (
        upper_bound(int(((unseen >= fitted) & ~right).sum()), int((unseen >= fitted).sum())) <= error_budget
    )
    if broken:
        return max(earlier, fitted)
    return min(earlier, fitted) if proven else earlier
