"""Pure measures over judged answers; every array has one entry per question."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

BINS = 10
CURVE_POINTS = 50


def auroc(scores: Sequence[float], positive: Sequence[bool]) -> float:
    """Chance that a positive scores above a negative, ties counting half; nan without both."""
    values, labels = np.array(scores), np.array(positive, dtype=bool)
    above, below = values[labels], np.sort(values[~labels])
    if not len(above) or not len(below):
        return math.nan
    wins = np.searchsorted(below, above, "left") + np.searchsorted(below, above, "right")
    return float(wins.sum() / 2 / len(above) / len(below))


def _risks(probabilities: Sequence[float], right: Sequence[bool]) -> npt.NDArray[np.float64]:
    """Share of wrong answers among the n surest, for n = 1, 2, ...; equally sure ones share their errors."""
    values, wrong = np.array(probabilities, dtype=float), ~np.array(right, dtype=bool)
    order = np.argsort(-values, kind="stable")
    _, place, count = np.unique(-values[order], return_inverse=True, return_counts=True)
    errors = np.bincount(place, weights=wrong[order]) / count
    return np.asarray(np.cumsum(errors[place]) / np.arange(1, len(values) + 1))


def aurc(probabilities: Sequence[float], right: Sequence[bool]) -> float:
    """Area under the risk-coverage curve (Geifman and El-Yaniv, 2017): the mean risk over all coverages."""
    return float(_risks(probabilities, right).mean()) if len(probabilities) else math.nan


def risk_coverage(probabilities: Sequence[float], right: Sequence[bool]) -> list[dict[str, float]]:
    """Points {coverage, risk} of the curve at even steps, for drawing."""
    if not len(probabilities):
        return []
    risks = _risks(probabilities, right)
    ends = np.unique(np.ceil(np.linspace(0, 1, CURVE_POINTS + 1)[1:] * len(risks)).astype(int))
    return [{"coverage": round(end / len(risks), 4), "risk": round(float(risks[end - 1]), 4)} for end in ends.tolist()]


def coverage_at(precision: float, probabilities: Sequence[float], right: Sequence[bool]) -> float:
    """Largest share of all questions that can be answered, surest first, with at least this precision."""
    if not len(probabilities):
        return math.nan
    risks = _risks(probabilities, right)
    within = np.flatnonzero(risks <= 1 - precision)
    return float((within[-1] + 1) / len(risks)) if len(within) else 0.0


def reliability(probabilities: Sequence[float], right: Sequence[bool], *, bins: int = BINS) -> list[dict[str, float]]:
    """Per equal-width bin that holds any: how many, mean promised probability, share that was right."""
    promised, kept = np.array(probabilities, dtype=float), np.array(right, dtype=float)
    place = np.minimum((promised * bins).astype(int), bins - 1)
    return [
        {
            "from": round(number / bins, 4),
            "count": len(held),
            "promised": round(float(promised[held].mean()), 4),
            "right": round(float(kept[held].mean()), 4),
        }
        for number in range(bins)
        if len(held := np.flatnonzero(place == number))
    ]


def calibration_error(probabilities: Sequence[float], right: Sequence[bool], *, bins: int = BINS) -> float:
    """Expected calibration error: mean gap between promised and kept, over equal-width bins."""
    if not len(probabilities):
        return math.nan
    promised, kept = np.array(probabilities, dtype=float), np.array(right, dtype=float)
    place = np.minimum((promised * bins).astype(int), bins - 1)
    gaps = (abs(promised[place == number].sum() - kept[place == number].sum()) for number in range(bins))
    return float(sum(gaps) / len(promised))
