"""What `evaluate --articles` reports, computed from judged questions."""

from __future__ import annotations

import math
import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kb_index.confidence.budget import upper_bound
from kb_index.confidence.decision import Action, Decision
from kb_index.evaluation.measures import (
    aurc,
    auroc,
    calibration_error,
    coverage_at,
    reliability,
    risk_coverage,
)
from kb_index.evaluation.questions import JudgedQuestion


@dataclass(frozen=True)
class ContractFigures:
    """What `evaluate --articles` prints; shares are 0..1, nan where nothing could be measured.

    questions = answerable + out_of_scope.
    top1: answerable questions whose first hit is a right article. mrr10: mean of 1/rank of the first right hit,
        0 beyond ten, over the answerable.
    auroc: chance that an answerable question looks more answerable than an out-of-scope one, by the decision's
        probability that any article answers; without out-of-scope questions, auroc_right.
    auroc_right: chance that a right first hit has a higher probability than a wrong one, over all questions.
    aurc: area under the risk-coverage curve by the decision's probability, over all questions (0 is best).
    coverage: share of the answerable that are answered.
    wrong_answered: share of the GIVEN answers that are wrong, be it the wrong article or an answer to an
        out-of-scope question; this is what the error budget limits. wrong_upper95 is the upper 95 % bound of it
        (Clopper-Pearson) and wrong_of_all the same answers as a share of all questions.
    oos_answered: share of the out-of-scope that are answered. precision: share of the given answers that are right.
    ece: expected calibration error of the decision's probability, ten bins, over all questions.
    answered_at_90, answered_at_95: largest share of ALL questions that could be answered at that precision.
    clarified: share of the answerable that get a clarifying question.
    embed_ms: median to embed one question; search_ms: from its vector to the decision; build_s: index and
        calibration, embedding included; peak_mb: the process's largest memory.
    """

    questions: int
    answerable: int
    out_of_scope: int
    top1: float
    mrr10: float
    auroc: float
    aurc: float
    coverage: float
    wrong_answered: float
    oos_answered: float
    precision: float
    ece: float
    embed_ms: float
    search_ms_p50: float
    search_ms_p95: float
    build_s: float
    peak_mb: float
    auroc_right: float
    wrong_upper95: float
    wrong_of_all: float
    answered_at_90: float
    answered_at_95: float
    clarified: float

    def plain(self) -> dict[str, float | None]:
        """JSON values; a figure that could not be measured is null."""
        return {name: None if math.isnan(value) else round(value, 4) for name, value in vars(self).items()}


@dataclass(frozen=True)
class ContractReport:
    """The figures, and what diagrams are drawn from."""

    figures: ContractFigures
    reliability: list[dict[str, float]]
    risk_coverage: list[dict[str, float]]

    def plain(self) -> dict[str, object]:
        return {**self.figures.plain(), "reliability": self.reliability, "risk_coverage": self.risk_coverage}


@dataclass(frozen=True)
class Judged:
    """One question with its outcome; rank counts from 1, 0 when no right article is near."""

    question: JudgedQuestion
    decision: Decision
    rank: int
    embed_ms: float
    search_ms: float


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags) if flags else math.nan


def _percentile(values: Sequence[float], percent: float) -> float:
    counted = [value for value in values if not math.isnan(value)]
    return float(np.percentile(counted, percent)) if counted else math.nan


def report_on(judged: Sequence[Judged], build_s: float) -> ContractReport:
    """All figures of one run."""
    probabilities = [one.decision.probability for one in judged]
    right = [one.rank == 1 for one in judged]
    answerable = [one for one in judged if one.question.answerable]
    others = [one for one in judged if not one.question.answerable]
    given = [one for one in judged if one.decision.action is Action.ANSWER]
    wrong = sum(one.rank != 1 for one in given)
    auroc_right = auroc(probabilities, right)
    by_scope = auroc([one.decision.answerable for one in judged], [one.question.answerable for one in judged])
    figures = ContractFigures(
        questions=len(judged),
        answerable=len(answerable),
        out_of_scope=len(others),
        top1=_share([one.rank == 1 for one in answerable]),
        mrr10=sum(1 / one.rank for one in answerable if one.rank) / len(answerable) if answerable else math.nan,
        auroc=by_scope if others else auroc_right,
        aurc=aurc(probabilities, right),
        coverage=_share([one.decision.action is Action.ANSWER for one in answerable]),
        wrong_answered=wrong / len(given) if given else 0.0,
        oos_answered=_share([one.decision.action is Action.ANSWER for one in others]),
        precision=1 - wrong / len(given) if given else math.nan,
        ece=calibration_error(probabilities, right),
        embed_ms=_percentile([one.embed_ms for one in judged], 50),
        search_ms_p50=_percentile([one.search_ms for one in judged], 50),
        search_ms_p95=_percentile([one.search_ms for one in judged], 95),
        build_s=build_s,
        peak_mb=peak_megabytes(),
        auroc_right=auroc_right,
        wrong_upper95=upper_bound(wrong, len(given)) if given else 0.0,
        wrong_of_all=wrong / len(judged) if judged else math.nan,
        answered_at_90=coverage_at(0.90, probabilities, right),
        answered_at_95=coverage_at(0.95, probabilities, right),
        clarified=_share([one.decision.action is Action.CLARIFY for one in answerable]),
    )
    return ContractReport(figures, reliability(probabilities, right), risk_coverage(probabilities, right))


def peak_megabytes() -> float:
    """The largest resident memory of this process so far; the kernel counts kilobytes, macOS bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
