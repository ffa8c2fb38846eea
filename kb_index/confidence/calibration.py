"""Fitting the confidence: on questions that people have judged, or on the articles' own questions."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from kb_index.articles.model import Article, Audience
from kb_index.confidence.budget import fit_closeness, fit_threshold
from kb_index.confidence.decision import CHOICES, Calibration, groups_of
from kb_index.confidence.elsewhere import Elsewhere, questions_elsewhere
from kb_index.confidence.evidence import NAMES, Features, closeness, features_of, in_these_words, joined, precisions
from kb_index.confidence.experience import PRECISION, Experience
from kb_index.confidence.experience import learn as learn_experience
from kb_index.confidence.foreign import PARTS, Foreign, learn
from kb_index.confidence.held_out import FOLDS, Asked, own_questions, without_fold
from kb_index.confidence.logistic import Flags, Floats, fit_logistic, sigmoid
from kb_index.index.embedding import Matrix
from kb_index.search.asking import questions_of
from kb_index.search.retriever import Question, TenantIndex, article_names
from kb_index.text.folding import fold
from kb_index.text.language import detect_language

UNANSWERABLE = 0.12
"""Share of articles that each fold leaves out entirely: their questions have no answer there."""

UNKNOWN, BACKGROUND = 0.05, 0.15
"""Shares of the questions that customers are assumed to ask about what no article knows, near it and far from it."""

UNKNOWN_WHEN_THIN = 0.30
"""More are near it where articles have few questions: this share divided by the square of their mean number."""

FOREIGN = 0.03
"""Share of questions that are about somebody else's things in the tenant's words."""

TOLD_MORE = 0.2
"""Share of the reworded questions beside which something is told that does not change them."""

ANSWERABLE = ("reworded", "told more", "similar")
FEWER = 3
"""Every so many of the background's questions is asked: the limits are surer the more of the others there are."""

REPRESENTATIVE = 15
"""With so many questions of an article half of what customers ask is as new to it as a held-out one, with fewer less.

An author words an article's few questions as differently as he can, so a held-out one is harder than what most
customers type; slightly changed versions of questions that stay in the index stand for the rest.
"""

LEAST_OUT_OF_SCOPE = 0.2
"""Judged questions weigh at least so much out of scope: customers ask more of it than those who collect questions."""

NEVER_OUT_OF_SCOPE = 0.05
"""What is assumed of it where nobody has judged a single question to be out of scope."""

FEWEST_QUESTIONS = 20
"""Below, the articles' questions are too few to learn from."""

FEWEST_OF_EACH = 10
"""So many right and so many wrong first hits are needed to tell them apart."""

MOST_ASKED = 6000
"""More questions than this teach nothing more and take minutes to ask."""

FEWEST_IN_GROUP = 20
GROUP_PRECISION = 4.0
"""A language or topic with so many questions may shift its log-odds, by about 1/sqrt(4) unless they insist."""

USUAL_CLOSENESS = 0.5
CROSS_CHECKS = 5

Embed = Callable[[Sequence[str]], Matrix]
Assemble = Callable[[Sequence[Article], Sequence[str]], TenantIndex]


@dataclass(frozen=True)
class Labelled:
    """A question that somebody has judged: the articles that answer it, or none."""

    text: str
    right: frozenset[str]
    language: str


@dataclass(frozen=True)
class Row:
    """One question asked of an index that never saw it."""

    kind: str
    features: Features
    first_right: bool
    among_three: bool
    answerable: bool
    closeness: float
    groups: tuple[str, ...]
    question: Question
    about: str


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
    rows: list[Row] = []
    if sum(len(article.questions) for article in articles) < FEWEST_QUESTIONS:
        return uncalibrated()
    elsewhere = questions_elsewhere(articles)
    for number in range(FOLDS):
        progress(f"calibrating, fold {number + 1} of {FOLDS}")
        rows.extend(_fold_rows(articles, background, elsewhere, number, assemble=assemble, embed=embed))
    rows, foreign = _with_foreign(rows)
    fitted = fit(rows, _weights(rows, _mixture(articles)), error_budget=error_budget)
    return replace(fitted, foreign=foreign)


def _with_foreign(rows: Sequence[Row]) -> tuple[list[Row], Foreign]:
    """Learn what foreign questions sound like; each row gets the figure of a model that does not know its name."""
    told = [place for place, row in enumerate(rows) if row.kind != "background"]
    flags = np.array([rows[place].kind == "foreign" for place in told], dtype=np.bool_)
    if min(flags.sum(), len(flags) - flags.sum()) < FEWEST_OF_EACH:
        return list(rows), Foreign()
    parts = np.array([zlib.crc32(fold(rows[place].about).encode()) % PARTS for place in told])
    model, unseen = learn([rows[place].question for place in told], flags, parts)
    figures = dict(zip(told, unseen.tolist(), strict=True))
    where = NAMES.index("foreign")
    found = []
    for place, row in enumerate(rows):
        features = row.features.copy()
        features[where] = figures[place] if place in figures else model.of(row.question)
        found.append(replace(row, features=features))
    return found, model


def calibrate_on(index: TenantIndex, judged: Sequence[Labelled], *, embed: Embed, error_budget: float) -> Calibration:
    """Fit on judged questions alone, none of which may be among the articles' own."""
    rows: list[Row] = []
    questions = questions_of([fold(one.text) for one in judged], index, embed)
    for one, question in zip(judged, questions, strict=True):
        kind = "answerable" if one.right else "out of scope"
        rows.append(_ask(index, question, kind=kind, language=one.language, right=one.right))
    out = sum(not row.answerable for row in rows)
    share = max(out / max(len(rows), 1), LEAST_OUT_OF_SCOPE)
    told = _experience(rows) if out else None
    if not out:  # each question once more, asked as if its articles did not exist
        share = NEVER_OUT_OF_SCOPE
        for one, question in zip(judged, questions, strict=True):
            rows.append(_ask(index, question, kind="out of scope", language=one.language, hidden=one.right))
    weight = _weights(rows, {"answerable": 1 - share, "out of scope": share})
    if told is None:
        return fit(rows, weight, error_budget=error_budget)
    weights, unseen = told
    fitted = fit(rows, weight, error_budget=error_budget, experience=unseen)
    return replace(fitted, experience=replace(fitted.experience, weights=weights))


def _experience(rows: Sequence[Row]) -> tuple[Floats, Floats] | None:
    """What is learned of judged questions' meaning; where each has an answer it only made answers rarer."""
    parts = np.random.default_rng(0).permutation(len(rows)) % CROSS_CHECKS
    right = np.array([row.first_right for row in rows], dtype=np.bool_)
    return learn_experience([row.question.vector for row in rows], right, parts)


def _fold_rows(
    articles: Sequence[Article],
    background: Sequence[str],
    elsewhere: Sequence[Elsewhere],
    number: int,
    *,
    assemble: Assemble,
    embed: Embed,
) -> Iterator[Row]:
    """Build an index without this fold's questions and whole articles, and ask it exactly those."""
    random = np.random.default_rng(number)
    names = article_names(articles)
    missing = {name for name in names if len(names) > 3 and random.random() < UNANSWERABLE}
    known = [without_fold(article, number) for article in articles if article.id not in missing]
    others = [text for position, text in enumerate(background) if position % FOLDS == number]
    asked = [*own_questions(articles, missing, number, random)]
    asked += [Asked("background", text, detect_language(text, known=None, default="zh")) for text in others[::FEWER]]
    asked += [Asked("foreign", each.text, each.language, each.about) for each in elsewhere[number::FOLDS]]
    if len(asked) > MOST_ASKED // FOLDS:
        asked = [asked[place] for place in sorted(random.permutation(len(asked))[: MOST_ASKED // FOLDS])]
    held = set(others)
    index = assemble(known, [text for text in background if text not in held])
    for one, question in zip(asked, questions_of([fold(one.text) for one in asked], index, embed), strict=True):
        right = frozenset([one.about]) if one.kind in ANSWERABLE else frozenset[str]()
        yield _ask(index, question, kind=one.kind, language=one.language, right=right, about=one.about)


def _ask(
    index: TenantIndex,
    question: Question,
    *,
    kind: str,
    language: str,
    right: frozenset[str] = frozenset(),
    hidden: frozenset[str] = frozenset(),
    about: str = "",
) -> Row:
    ranking = index.rank(question, language=language, audience=Audience.AGENTS, day=date.max, hidden=hidden)
    if not ranking.candidates:
        nothing = np.zeros(len(NAMES))
        return Row(kind, nothing, False, False, bool(right), 0.0, groups_of(language, ""), question, about)
    found = [index.articles[candidate.version].id for candidate in ranking.candidates[:CHOICES]]
    topic = index.articles[ranking.candidates[0].version].category
    return Row(
        kind=kind,
        features=features_of(ranking, index),
        first_right=found[0] in right,
        among_three=not right.isdisjoint(found),
        answerable=bool(right),
        closeness=closeness(ranking),
        groups=groups_of(language, topic),
        question=question,
        about=about,
    )


def _mixture(articles: Sequence[Article]) -> dict[str, float]:
    """Shares of the kinds of questions."""
    each = sum(len(article.questions) for article in articles) / len(articles)
    new = each**2 / (each**2 + REPRESENTATIVE**2)
    unknown = UNKNOWN + UNKNOWN_WHEN_THIN / max(each, 1.0) ** 2
    answerable = 1 - unknown - BACKGROUND - FOREIGN
    return {
        "similar": answerable * (1 - new),
        "reworded": answerable * new * (1 - TOLD_MORE),
        "told more": answerable * new * TOLD_MORE,
        "unanswerable": unknown,
        "background": BACKGROUND,
        "foreign": FOREIGN,
    }


def _weights(rows: Sequence[Row], mixture: dict[str, float]) -> Floats:
    """Every kind weighs together its share; the mean weight is 1."""
    counts = Counter(row.kind for row in rows)
    total = sum(share for kind, share in mixture.items() if counts[kind])
    return np.array([mixture[row.kind] / total / counts[row.kind] * len(rows) for row in rows])


def fit(rows: Sequence[Row], weight: Floats, *, error_budget: float, experience: Floats | None = None) -> Calibration:
    """Three models, the shifts of groups, and the limits that keep the budget; too few rows give fixed figures.

    experience is a further figure per row; the result then tells how much it counts.
    """
    right = np.array([row.first_right for row in rows], dtype=np.bool_)
    if min(right.sum(), len(rows) - right.sum()) < FEWEST_OF_EACH:
        return uncalibrated()
    features = np.stack([row.features for row in rows])
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    scaled = joined((features - mean) / scale)
    groups = _large_groups(rows)
    members = np.array([[group in row.groups for group in groups] for row in rows], dtype=float).reshape(len(rows), -1)
    plain = scaled.shape[1]
    more = np.zeros((len(rows), 0))
    if experience is not None:
        more = np.where([in_these_words(row.features) for row in rows], 0.0, experience)[:, None]
    own, scaled = np.hstack([scaled, more, members]), np.hstack([scaled, more])
    found = _fit_one(own, right, weight, groups=len(groups))
    among_three = _fit_one(scaled, np.array([row.among_three for row in rows]), weight, groups=0)
    answerable = _fit_one(scaled, np.array([row.answerable for row in rows]), weight, groups=0)
    unseen = _cross_checked(own, right, weight, groups=len(groups))
    near = np.array([row.closeness for row in rows])
    bold = fit_threshold(unseen, right, weight, error_budget=error_budget)
    close = fit_closeness(near, unseen >= bold, right, weight, error_budget=error_budget, usual=USUAL_CLOSENESS)
    clear = near < close  # the others are not answered, whatever their probability
    threshold = fit_threshold(unseen[clear], right[clear], weight[clear], error_budget=error_budget)
    heeded = np.zeros(3) if experience is None else np.array([each[plain] for each in (found, among_three, answerable)])
    return Calibration(
        mean=mean,
        scale=scale,
        first=found[:plain],
        among_three=among_three[:plain],
        answerable=answerable[:plain],
        threshold=threshold,
        close=close,
        shifts=dict(zip(groups, found[scaled.shape[1] :].tolist(), strict=True)),
        experience=Experience(heeded=heeded),
    )


def _large_groups(rows: Sequence[Row]) -> list[str]:
    """Languages and topics with enough questions, where there is more than one of their kind."""
    counts = Counter(group for row in rows for group in row.groups)
    large = sorted(group for group, count in counts.items() if count >= FEWEST_IN_GROUP)
    kinds = Counter(group.partition(" ")[0] for group in large)
    return [group for group in large if kinds[group.partition(" ")[0]] > 1]


def _fit_one(rows: Floats, target: Flags, weight: Floats, *, groups: int) -> Floats:
    """Coefficients of the joined features, of the experience if there is a column of it, and the groups' shifts."""
    plain = precisions(len(NAMES))
    more = np.full(rows.shape[1] - len(plain) - groups, PRECISION)
    precision = np.concatenate([plain, more, np.full(groups, GROUP_PRECISION)])
    return fit_logistic(rows, target, weight, prior=np.zeros(rows.shape[1]), precision=precision)


def _cross_checked(rows: Floats, target: Flags, weight: Floats, *, groups: int) -> Floats:
    """For each row the probability by a model that was fitted without it."""
    found = np.zeros(len(rows))
    part = np.random.default_rng(0).permutation(len(rows)) % CROSS_CHECKS
    for number in range(CROSS_CHECKS):
        rest = part != number
        found[~rest] = sigmoid(rows[~rest] @ _fit_one(rows[rest], target[rest], weight[rest], groups=groups))
    return found


def uncalibrated() -> Calibration:
    """Figures for a knowledge base too small to learn from: answer only what is asked almost literally."""
    size = len(NAMES)
    first = np.zeros(len(precisions(size)))
    first[[NAMES.index("asked"), NAMES.index("ahead in score"), NAMES.index("shared pairs")]] = 8.0, 1.0, 4.0
    first[-1] = -8.5
    among = first.copy()
    among[-1] = -6.5
    return Calibration(
        mean=np.zeros(size),
        scale=np.ones(size),
        first=first,
        among_three=among,
        answerable=among,
        threshold=0.8,
        close=USUAL_CLOSENESS,
    )
