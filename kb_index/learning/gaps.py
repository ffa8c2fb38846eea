"""Gaps: what customers asked and nobody had an answer for, clustered, counted, with a title to begin from. Pure."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from kb_index.learning.clusters import Places, clusters, counterparts
from kb_index.learning.likeness import Likeness
from kb_index.learning.model import Lesson
from kb_index.text.folding import fold

WEEK = timedelta(days=7)
EXAMPLES = 5
TITLE = 120
SURE = 1.64
"""Standard deviations by which a week must differ from the one before to count as a trend."""

Vectors = npt.NDArray[np.float32]


class Trend(StrEnum):
    NEW = "new"
    RISING = "rising"
    STEADY = "steady"
    FALLING = "falling"


@dataclass(frozen=True)
class Example:
    """One of the questions, and how often it was asked in these words."""

    text: str
    language: str
    conversation: str
    question: int
    count: int


@dataclass(frozen=True)
class Gap:
    """Questions that ask the same and were not answered.

    `id` stays the same while its earliest question is kept. `weight` counts questions; `why` counts them by reason.
    `picked` counts the articles that agents sent for them: then an article exists, and the bot did not find it.
    `replies` are (conversation, question) of those that an agent answered, the latest first.
    """

    id: str
    title: str
    languages: tuple[str, ...]
    count: int
    conversations: int
    last_7_days: int
    before_7_days: int
    trend: Trend
    first_at: datetime
    last_at: datetime
    why: dict[str, int]
    examples: tuple[Example, ...]
    picked: dict[str, int]
    replies: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class _Wording:
    """One text in one language, with everybody who asked it so."""

    language: str
    lessons: tuple[Lesson, ...]


def find_gaps(lessons: Sequence[Lesson], vectors: Vectors, likeness: Likeness, *, now: datetime) -> list[Gap]:
    """Gaps of unanswered lessons, the most asked first; `vectors` has a unit row for each lesson. Deterministic."""
    wordings, rows = _wordings(lessons)
    if not wordings:
        return []
    languages = [wording.language for wording in wordings]
    changed = likeness.apply(vectors[rows], languages)
    groups = [
        group
        for members in _merged(wordings, changed, likeness)
        for group in [_gap([wordings[row] for row in members], changed[members], now)]
    ]
    return sorted(groups, key=lambda gap: (-gap.count, -gap.last_7_days, gap.id))


def _wordings(lessons: Sequence[Lesson]) -> tuple[list[_Wording], list[int]]:
    """Equal texts together, and for each the row of its first lesson's vector."""
    found: dict[tuple[str, str], list[int]] = {}
    for row, lesson in enumerate(lessons):
        if lesson.why is not None:
            found.setdefault((lesson.language, fold(lesson.text)), []).append(row)
    wordings = [
        _Wording(language, tuple(lessons[row] for row in rows)) for (language, _), rows in found.items()
    ]  # fmt: skip
    return wordings, [rows[0] for rows in found.values()]


def _merged(wordings: Sequence[_Wording], vectors: Vectors, likeness: Likeness) -> list[Places]:
    """Rows of the wordings that belong together: clusters of each language, then pairs of clusters across two."""
    weights = np.array([len(wording.lessons) for wording in wordings], dtype=np.float64)
    by_language: dict[str, list[Places]] = {}
    for language in sorted({wording.language for wording in wordings}):
        rows = np.array([row for row, wording in enumerate(wordings) if wording.language == language], dtype=np.int64)
        found = clusters(vectors[rows], weights[rows].tolist(), closeness=likeness.close)
        by_language[language] = [rows[members] for members in found]
    first, *others = by_language.values()
    for other in others:
        left, right = (_means(groups, vectors, weights) for groups in (first, other))
        pairs = dict(counterparts(left, right, closeness=likeness.close_across))
        alone = [members for place, members in enumerate(other) if place not in set(pairs.values())]
        first = [
            np.concatenate([members, other[pairs[place]]]) if place in pairs else members
            for place, members in enumerate(first)
        ] + alone
    return first


def _means(groups: Sequence[Places], vectors: Vectors, weights: npt.NDArray[np.float64]) -> Vectors:
    """The mean vector of each group, weighted."""
    means = [np.average(vectors[members], axis=0, weights=weights[members]) for members in groups]
    return np.array(means, dtype=np.float32).reshape(len(groups), -1)


def _gap(wordings: Sequence[_Wording], vectors: Vectors, now: datetime) -> Gap:
    asked = sorted((lesson for each in wordings for lesson in each.lessons), key=lambda one: one.at)
    earliest = asked[0]
    name = hashlib.sha256(f"{earliest.tenant}/{earliest.conversation}/{earliest.question}".encode()).hexdigest()
    weights = np.array([len(each.lessons) for each in wordings], dtype=np.float64)
    central = vectors @ np.average(vectors, axis=0, weights=weights)
    order = np.lexsort((-weights, -np.round(central + 0.02 * np.log(weights), 6)))
    nearest = [wordings[place] for place in order[:EXAMPLES]]
    last = sum(one.at > now - WEEK for one in asked)
    before = sum(now - 2 * WEEK < one.at <= now - WEEK for one in asked)
    picks = Counter(one.right for one in asked if one.right is not None)
    return Gap(
        id=f"gap_{name[:16]}",
        title=nearest[0].lessons[0].text.strip()[:TITLE],
        languages=tuple(sorted({one.language for one in asked})),
        count=len(asked),
        conversations=len({one.conversation for one in asked}),
        last_7_days=last,
        before_7_days=before,
        trend=trend(last, before, older=len(asked) - last - before),
        first_at=earliest.at,
        last_at=asked[-1].at,
        why=dict(Counter(str(one.why) for one in asked)),
        examples=tuple(_example(each) for each in nearest),
        picked=dict(picks.most_common()),
        replies=tuple((one.conversation, one.question) for one in reversed(asked) if one.reply is not None)[:EXAMPLES],
    )


def _example(wording: _Wording) -> Example:
    one = wording.lessons[0]
    return Example(one.text, one.language, one.conversation, one.question, len(wording.lessons))


def trend(last: int, before: int, *, older: int) -> Trend:
    """How this week's count compares with that of the week before, as counts of independent events vary."""
    if last and not before and not older:
        return Trend.NEW
    change = (last - before) / math.sqrt(max(last + before, 1))
    if change >= SURE:
        return Trend.RISING
    return Trend.FALLING if change <= -SURE else Trend.STEADY
