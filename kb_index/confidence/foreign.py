"""How much a question sounds as if it were about somebody else's things, by its meaning and its strange words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kb_index.search.retriever import Question

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

RIDGE = 1.0
"""Precision of each coefficient before anything is seen."""

PARTS = 5


@dataclass(frozen=True)
class Foreign:
    """A direction in the embedding of a question beside that of its words that no article has.

    weights has twice as many figures as an embedding, and one; with none of them nothing has been learned. It knows
    no names, only what names of services mean, so those that it never saw count as much.
    """

    weights: Floats = field(default_factory=lambda: np.zeros(0))

    def of(self, question: Question) -> float:
        """Log-odds that it is somebody else's, below 0 for the tenant's own; 0 when nothing was learned."""
        return float(_seen([question])[0] @ self.weights) if len(self.weights) else 0.0


def learn(questions: Sequence[Question], foreign: Flags, parts: npt.NDArray[np.int64]) -> tuple[Foreign, Floats]:
    """The model of all questions, and for each question the figure of one that was learned without its part.

    parts are numbers below PARTS; what is about the same name or article belongs into one. Logistic regression, foreign
    and own questions counting the same.
    """
    rows = _seen(questions)
    unseen = np.zeros(len(rows))
    for part in range(PARTS):
        unseen[parts == part] = rows[parts == part] @ ridge_logistic(rows[parts != part], foreign[parts != part])
    return Foreign(ridge_logistic(rows, foreign)), unseen


def ridge_logistic(rows: Floats, target: Flags) -> Floats:
    """Coefficients of the rows, the last of which stays out of the ridge; zeros when there is only one kind."""
    from sklearn.linear_model import LogisticRegression

    if target.all() or not target.any():
        return np.zeros(rows.shape[1])
    model = LogisticRegression(C=1 / RIDGE, class_weight="balanced", max_iter=300).fit(rows[:, :-1], target)
    return np.append(model.coef_[0], model.intercept_[0]).astype(np.float64)


def _seen(questions: Sequence[Question]) -> Floats:
    """A row per question: its embedding, that of its strange words (zeros where it has none), and a one."""
    meaning = np.stack([question.vector for question in questions])
    strange = np.zeros_like(meaning)
    for row, question in enumerate(questions):
        if question.strange is not None:
            strange[row] = question.strange
    return np.hstack([meaning, strange, np.ones((len(meaning), 1))]).astype(np.float64)
