"""Measuring the index on questions that nothing was trained on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import numpy as np

from kb_index.articles.model import Audience
from kb_index.confidence.budget import upper_bound
from kb_index.confidence.decision import Action
from kb_index.errors import TextsRefused
from kb_index.evaluation.measures import auroc, calibration_error, reliability, risk_coverage
from kb_index.search.understand import Asked, Knowledge, Understanding
from kb_index.text.collections import (
    AskedQuestion,
    JudgedMessage,
    json_lines,
    read_judged_messages,
    read_questions,
)

LEAST_TOP1 = 0.90
MOST_OUT_OF_SCOPE_ANSWERED = 0.05
MOST_FOREIGN_ANSWERED = 0.05
DEPTH = 10
MOOD_FILE = "mood.jsonl"

FOREIGN = "foreign"
APART = (FOREIGN, "foreign freely", "named", "negated")
"""Kinds of questions with a line of their own; the lines zh, en and all are without them.

foreign: about somebody else's things in the shop's words, freely: by another hand; named: answerable though it names
people, places and makes that no article knows; negated: says or asks what is not.
"""


@dataclass(frozen=True)
class Figures:
    """Quality over a group of questions; shares are 0..1, nan where the group has no such question.

    answered, clarified, wrong_answered: shares of the answerable; clarified_with: of those clarified, how
    many offer a right article; oos_answered: share of the out-of-scope; wrong_of_given: share of the GIVEN answers that
    are wrong, be it the wrong article or an answer to an out-of-scope question, which is what the error budget limits,
    and wrong_upper95 the upper 95 % bound of it (Clopper-Pearson); ece, auroc: of the probability that the first hit is
    right, over all questions.
    """

    questions: int
    out_of_scope: int
    top1: float
    mrr10: float
    answered: float
    wrong_answered: float
    clarified: float
    clarified_with: float
    oos_answered: float
    oos_clarified: float
    given: int
    wrong_of_given: float
    wrong_upper95: float
    ece: float
    auroc: float


@dataclass(frozen=True)
class MoodFigures:
    """Quality of the mood over judged messages, at the threshold that is set."""

    messages: int
    accuracy: float
    recall: float
    false_alarms: float
    auroc: float


@dataclass(frozen=True)
class Report:
    """Everything that `evaluate` prints."""

    generation: str
    by_group: dict[str, Figures]
    mood: dict[str, MoodFigures]
    p50_ms: float
    p95_ms: float
    reliability: list[dict[str, float]]
    risk_coverage: list[dict[str, float]]

    @property
    def good_enough(self) -> bool:
        total, foreign = self.by_group["all"], self.by_group.get(FOREIGN)
        known = foreign is None or foreign.oos_answered <= MOST_FOREIGN_ANSWERED
        return total.top1 >= LEAST_TOP1 and not total.oos_answered > MOST_OUT_OF_SCOPE_ANSWERED and known

    def groups(self) -> dict[str, dict[str, float | None]]:
        """All figures of quality by group of questions or messages; None where one could not be computed."""
        mood = {f"mood {name}": _plain(asdict(figures)) for name, figures in self.mood.items()}
        return {name: _plain(asdict(figures)) for name, figures in self.by_group.items()} | mood

    def as_json(self) -> dict[str, object]:
        """Plain values; a figure that could not be computed is null."""
        return {
            "generation": self.generation,
            "questions": {name: _plain(asdict(figures)) for name, figures in self.by_group.items()},
            "mood": {name: _plain(asdict(figures)) for name, figures in self.mood.items()},
            "p50_ms": round(self.p50_ms, 3),
            "p95_ms": round(self.p95_ms, 3),
            "reliability": self.reliability,
            "risk_coverage": self.risk_coverage,
            "good_enough": self.good_enough,
        }


@dataclass(frozen=True)
class _Judged:
    """One question with its outcome; rank counts from 1, 0 when no right article is near."""

    question: AskedQuestion
    found: Understanding
    rank: int

    @property
    def offered(self) -> bool:
        return 1 <= self.rank <= 3


def read_evaluation(folder: Path) -> tuple[list[AskedQuestion], list[JudgedMessage]]:
    """The questions of a folder's *.jsonl files, and its mood file apart; raises TextsRefused when there are none.

    Files whose first line has no "article" are what other parts of the product are measured on.
    """
    questions: list[AskedQuestion] = []
    for path in sorted(folder.glob("*.jsonl")):
        if "article" in next((values for _, values in json_lines(path)), {}):
            questions.extend(read_questions(path))
    if not questions:
        raise TextsRefused(str(folder), 1, "holds no evaluation questions: add *.jsonl files")
    mood_file = folder / MOOD_FILE
    return questions, read_judged_messages(mood_file) if mood_file.is_file() else []


def evaluate(
    knowledge: Knowledge,
    questions: Sequence[AskedQuestion],
    messages: Sequence[JudgedMessage],
    *,
    tenant: str,
    day: date,
    unhappy_threshold: float,
) -> Report:
    """Ask every question as a customer would and compare."""

    def ask(text: str) -> Understanding:
        asked = Asked(text=text, tenant=tenant, audience=Audience.PUBLIC, language=None, earlier=(), limit=DEPTH)
        return knowledge.understand(asked, day=day, default_language="zh", unhappy_threshold=unhappy_threshold)

    judged = [_judge(question, ask(question.text)) for question in questions]
    apart = {kind: [one for one in judged if one.question.kind == kind] for kind in APART}
    judged = [one for one in judged if one.question.kind not in APART]
    groups: dict[str, Callable[[_Judged], bool]] = {
        "zh": lambda one: one.question.language == "zh",
        "en": lambda one: one.question.language == "en",
        "direct": lambda one: one.question.kind == "direct",
        "paraphrase": lambda one: one.question.kind == "paraphrase",
        "all": lambda _: True,
    }
    by_group = {name: _figures([one for one in judged if belongs(one)]) for name, belongs in groups.items()}
    moods = [(message, ask(message.text)) for message in messages]
    mood = {
        name: _mood_figures([pair for pair in moods if name in (pair[1].language, "all")])
        for name in ("zh", "en", "all")
        if moods
    }
    times = [one.found.took_ms for one in judged]
    probabilities = [one.found.decision.probability for one in judged]
    right = [one.rank == 1 for one in judged]
    return Report(
        generation=knowledge.generation.name,
        by_group=by_group | {kind: _figures(asked) for kind, asked in apart.items() if asked},
        mood=mood,
        p50_ms=float(np.percentile(times, 50)),
        p95_ms=float(np.percentile(times, 95)),
        reliability=reliability(probabilities, right),
        risk_coverage=risk_coverage(probabilities, right),
    )


def _judge(question: AskedQuestion, found: Understanding) -> _Judged:
    ranks = (place for place, hit in enumerate(found.hits, 1) if hit.article in question.right)
    return _Judged(question, found, next(ranks, 0))


def _figures(judged: Sequence[_Judged]) -> Figures:
    answerable = [one for one in judged if one.question.article is not None]
    others = [one for one in judged if one.question.article is None]
    clarified = [one for one in answerable if one.found.decision.action is Action.CLARIFY]
    answered = [one for one in answerable if one.found.decision.action is Action.ANSWER]
    given = [one for one in judged if one.found.decision.action is Action.ANSWER]
    wrong = sum(one.rank != 1 for one in given)
    probabilities = [one.found.decision.probability for one in judged]
    right = [one.rank == 1 for one in judged]
    return Figures(
        questions=len(answerable),
        out_of_scope=len(others),
        top1=_share(one.rank == 1 for one in answerable),
        mrr10=_share(1 / one.rank if one.rank else 0.0 for one in answerable),
        answered=len(answered) / len(answerable) if answerable else math.nan,
        wrong_answered=sum(one.rank != 1 for one in answered) / len(answerable) if answerable else math.nan,
        clarified=len(clarified) / len(answerable) if answerable else math.nan,
        clarified_with=_share(one.offered for one in clarified),
        oos_answered=_share(one.found.decision.action is Action.ANSWER for one in others),
        oos_clarified=_share(one.found.decision.action is Action.CLARIFY for one in others),
        given=len(given),
        wrong_of_given=wrong / len(given) if given else math.nan,
        wrong_upper95=upper_bound(wrong, len(given)) if given else math.nan,
        ece=calibration_error(probabilities, right),
        auroc=auroc(probabilities, right),
    )


def _mood_figures(moods: Sequence[tuple[JudgedMessage, Understanding]]) -> MoodFigures:
    flagged = [(message.unhappy, found.mood.label == "unhappy") for message, found in moods]
    return MoodFigures(
        messages=len(moods),
        accuracy=_share(unhappy == flag for unhappy, flag in flagged),
        recall=_share(flag for unhappy, flag in flagged if unhappy),
        false_alarms=_share(flag for unhappy, flag in flagged if not unhappy),
        auroc=auroc([found.mood.unhappy for _, found in moods], [message.unhappy for message, _ in moods]),
    )


def _share(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed) if listed else math.nan


def _plain(values: dict[str, float]) -> dict[str, float | None]:
    return {key: None if math.isnan(value) else round(value, 4) for key, value in values.items()}
