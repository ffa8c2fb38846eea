"""What people have judged about questions like this one: whether the bot's first article was right for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kb_index.confidence.foreign import Flags, Floats, ridge_logistic
from kb_index.index.embedding import Matrix, Vector

FEWEST_OF_EACH = 30
"""So many questions judged right and so many judged wrong are needed to tell what they have in common."""

FURTHEST = 4.0
"""Log-odds beyond which nothing is believed more."""

PRECISION = 1.0
"""How surely the figure counts for nothing before anything is seen."""


@dataclass(frozen=True)
class Experience:
    """A direction in the embedding, and how much it counts in the log-odds of each of a calibration's models.

    weights has a figure more than an embedding; with none of them nothing was learned. No question can be told from
    it, and articles that are written later are judged by it until the confidence is fitted again.
    """

    weights: Floats = field(default_factory=lambda: np.zeros(0))
    heeded: Floats = field(default_factory=lambda: np.zeros(3))

    def shifts(self, vector: Vector) -> Floats:
        """What it adds to the log-odds of Calibration's first, among_three and answerable."""
        return self.heeded * figures(vector[None], self.weights)[0] if len(self.weights) else np.zeros(3)


def learn(vectors: Sequence[Vector], right: Flags, parts: npt.NDArray[np.int64]) -> tuple[Floats, Floats] | None:
    """Weights, and for each question the figure by weights that were learned without its part; None from too few."""
    if min(right.sum(), len(right) - right.sum()) < FEWEST_OF_EACH:
        return None
    rows = np.hstack([np.stack(vectors), np.ones((len(vectors), 1))]).astype(np.float64)
    unseen = np.zeros(len(rows))
    for part in np.unique(parts):
        rest = parts != part
        unseen[~rest] = rows[~rest] @ ridge_logistic(rows[rest], right[rest])
    return ridge_logistic(rows, right), np.clip(unseen, -FURTHEST, FURTHEST)


def figures(vectors: Matrix, weights: Floats) -> Floats:
    """Log-odds that the first article is right, by the meaning of the question alone."""
    return np.asarray(np.clip(vectors @ weights[:-1] + weights[-1], -FURTHEST, FURTHEST))
