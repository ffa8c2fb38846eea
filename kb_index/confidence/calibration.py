"""Fitting the confidence at build time, on nothing but the articles' own questions and the background."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt
import rjieba

from kb_index.articles.model import Article, Audience
from kb_index.confidence.decision import CHOICES, Calibration, Features, features_of
from kb_index.index.embedding import Matrix
from kb_index.search.retriever import Question, TenantIndex, article_names
from kb_index.text.folding import fold
from kb_index.text.language import detect_language

FOLDS = 6
UNANSWERABLE = 0.12
"""Share of articles that each fold leaves out entirely: their questions have no answer there."""

MIXTURE = {"similar": 0.5, "reworded": 0.3, "unanswerable": 0.05, "background": 0.15}
"""The kinds of questions that customers are assumed to ask, as weights of the fit.

An article's questions are worded as differently as its author could, so a held-out one is harder than
what most customers type; slightly changed versions of questions that stay in the index stand for the rest.
"""

FEWEST_QUESTIONS = 20
"""Below, the articles' questions are too few to learn from."""

FEWEST_OF_EACH = 10
"""So many right and so many wrong first hits are needed to tell them apart."""

Embed = Callable[[Sequence[str]], Matrix]
Assemble = Callable[[Sequence[Article], Sequence[str]], TenantIndex]


@dataclass(frozen=True)
class _Row:
    """One question asked of an index that never saw it."""

    kind: str
    features: Features
    first_right: bool
    among_three: bool


def calibrate(
    articles: Sequence[Article],
    background: Sequence[str],
    *,
    assemble: Assemble,
    embed: Embed,
    error_budget: float,
    progress: Callable[[str], None],
) -> Calibration:
    """Cross-validate and fit; deterministic. A tiny knowledge base gets careful fixed figures instead."""
    rows: list[_Row] = []
    if sum(len(article.questions) for article in articles) < FEWEST_QUESTIONS:
        return uncalibrated()
    for fold_number in range(FOLDS):
        progress(f"calibrating, fold {fold_number + 1} of {FOLDS}")
        rows.extend(_fold_rows(articles, background, fold_number, assemble=assemble, embed=embed))
    rights = sum(row.first_right for row in rows)
    if min(rights, len(rows) - rights) < FEWEST_OF_EACH:
        return uncalibrated()
    return _fit(rows, error_budget)


def _fold_rows(
    articles: Sequence[Article], background: Sequence[str], number: int, *, assemble: Assemble, embed: Embed
) -> Iterator[_Row]:
    """Build an index without this fold's questions and whole articles, and ask it exactly those."""
    random = np.random.default_rng(number)
    names = article_names(articles)
    missing = {name for name in names if len(names) > 3 and random.random() < UNANSWERABLE}
    known: list[Article] = []
    asked: list[tuple[str, str, str, str]] = []
    for article in articles:
        for position, question in enumerate(article.questions):
            if article.id in missing:
                asked.append(("unanswerable", question, article.language, article.id))
            elif position % FOLDS == number:
                asked.append(("reworded", question, article.language, article.id))
            elif position % FOLDS == (number + 1) % FOLDS:
                asked.append(("similar", _similar(question, random), article.language, article.id))
        if article.id not in missing:
            kept = [text for position, text in enumerate(article.questions) if position % FOLDS != number]
            # Nobody knows the day of a future question: validity is left out of the fit.
            known.append(replace(article, questions=tuple(kept), valid_from=date.min, valid_to=None))
    others = [text for position, text in enumerate(background) if position % FOLDS == number]
    asked += [("background", text, detect_language(text, known=None, default="zh"), "") for text in others]
    held = set(others)
    index = assemble(known, [text for text in background if text not in held])
    folded = [fold(text) for _, text, _, _ in asked]
    for (kind, _, language, name), text, vector in zip(asked, folded, embed(folded), strict=True):
        yield _ask(index, Question.of(text, vector), kind=kind, language=language, right=name)


_OPENINGS = {
    True: ("你好，", "请问", "我想问一下，", "亲，", ""),
    False: ("hi, ", "hello ", "can you tell me ", "please, ", ""),
}


def _similar(question: str, random: np.random.Generator) -> str:
    """The question as another customer may type it: another opening, a word or two left out or swapped."""
    words = rjieba.cut(question.rstrip("?？。.!！ "))
    for _ in range(1 + len(words) // 8):
        if len(words) > 3:
            del words[random.integers(len(words))]
    if len(words) > 3:
        place = random.integers(len(words) - 1)
        words[place], words[place + 1] = words[place + 1], words[place]
    openings = _OPENINGS[detect_language(question, known=None, default="zh") == "zh"]
    return openings[random.integers(len(openings))] + "".join(words)


def _ask(index: TenantIndex, question: Question, *, kind: str, language: str, right: str) -> _Row:
    ranking = index.rank(question, language=language, audience=Audience.AGENTS, day=date.max)
    found = [index.articles[candidate.version].id for candidate in ranking.candidates[:CHOICES]]
    return _Row(kind, features_of(ranking, index), bool(found) and found[0] == right, right in found)


def _fit(rows: Sequence[_Row], error_budget: float) -> Calibration:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    features = np.stack([row.features for row in rows])
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    scaled = (features - mean) / scale
    kinds = np.array([row.kind for row in rows])
    weight = np.zeros(len(rows))
    for kind, share in MIXTURE.items():
        weight[kinds == kind] = share / max(int((kinds == kind).sum()), 1)
    weight *= len(rows) / weight.sum()

    def fit(target: npt.NDArray[np.bool_]) -> Features:
        if target.all() or not target.any():
            return np.append(np.zeros(scaled.shape[1]), 6.0 if target.all() else -6.0)
        model = LogisticRegression(C=1.0, max_iter=500).fit(scaled, target, sample_weight=weight)
        return np.append(model.coef_[0], model.intercept_[0])

    right = np.array([row.first_right for row in rows])
    among = np.array([row.among_three for row in rows])
    unseen = cross_val_predict(
        LogisticRegression(C=1.0, max_iter=500), scaled, right, cv=5, method="predict_proba",
        params={"sample_weight": weight},
    )[:, 1]  # fmt: skip
    threshold = boldest_threshold(unseen, right, weight, error_budget=error_budget)
    return Calibration(mean=mean, scale=scale, first=fit(right), among_three=fit(among), threshold=threshold)


def boldest_threshold(
    probabilities: Features, right: npt.NDArray[np.bool_], weight: Features, *, error_budget: float
) -> float:
    """The lowest threshold at which wrong answers are at most the budget's share of all given answers."""
    order = np.argsort(-probabilities, kind="stable")
    given = np.cumsum(weight[order])
    wrong = np.cumsum(weight[order] * ~right[order])
    within = np.flatnonzero(wrong <= error_budget * given)
    if not len(within):
        return 0.99
    return float(np.clip(probabilities[order][within[-1]], 0.5, 0.99))


def uncalibrated() -> Calibration:
    """Figures for a knowledge base too small to learn from: answer only what is asked almost literally."""
    size = 15
    first = np.zeros(size + 1)
    first[[0, 3, 11]] = 8.0, 1.0, 4.0
    first[-1] = -8.5
    among = first.copy()
    among[-1] = -6.5
    return Calibration(mean=np.zeros(size), scale=np.ones(size), first=first, among_three=among, threshold=0.8)
