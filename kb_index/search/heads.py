"""The article head: a light supervised classifier over the articles' own questions and the background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kb_index.index.embedding import Matrix, Vector
from kb_index.text.grams import Grams

GRAM_DIMENSIONS = 128
STRENGTH = 20.0
"""Inverse regularisation; .752 to .759 on 77 English intents with eight examples between 5 and 20."""

BACKGROUND_SHARE = 0.25
"""Weight of all background questions together, against the articles' own together."""

NEVER = -30.0
"""Log-probability of a class without examples."""


class ArticleHead:
    """Probabilities over articles plus, last, "none of them"."""

    def __init__(self, grams: Grams, projection: Matrix, weights: Matrix, bias: npt.NDArray[np.float32]) -> None:
        self._grams = grams
        self._projection = projection
        self._weights = weights
        self._bias = bias

    @classmethod
    def train(
        cls, texts: Sequence[str], vectors: Matrix, labels: npt.NDArray[np.int64], *, articles: int
    ) -> ArticleHead:
        """Fit on folded texts; label == articles means background. Deterministic."""
        from sklearn.decomposition import TruncatedSVD
        from sklearn.linear_model import LogisticRegression

        grams = Grams.learn(texts)
        rows = grams.matrix(texts)
        size = min(GRAM_DIMENSIONS, rows.shape[1] - 1, rows.shape[0] - 1)
        reduction = TruncatedSVD(size, random_state=0).fit(rows)
        features = np.hstack([vectors, reduction.transform(rows)])
        background = labels == articles
        weight = np.ones(len(labels))
        if background.any():
            weight[background] = BACKGROUND_SHARE * (~background).sum() / background.sum()
        projection = np.ascontiguousarray(reduction.components_.T, dtype=np.float32)
        weights = np.zeros((articles + 1, features.shape[1]), dtype=np.float32)
        bias = np.full(articles + 1, NEVER, dtype=np.float32)
        if len(set(labels.tolist())) < 2:  # one article and no background: nothing to tell apart
            bias[labels[0]] = 0.0
            return cls(grams, projection, weights, bias)
        model = LogisticRegression(C=STRENGTH, max_iter=200, tol=1e-3)
        model.fit(features, labels, sample_weight=weight)
        if len(model.classes_) == 2:  # scikit-learn keeps one row for two classes
            weights[model.classes_] = np.vstack([-model.coef_[0], model.coef_[0]]) / 2
            bias[model.classes_] = np.array([-model.intercept_[0], model.intercept_[0]]) / 2
        else:
            weights[model.classes_], bias[model.classes_] = model.coef_, model.intercept_
        return cls(grams, projection, weights, bias)

    def logits(self, folded: str, vector: Vector) -> npt.NDArray[np.float32]:
        """Unnormalised log-probabilities, articles first, background last."""
        columns, values = self._grams.entries(folded)
        dimension = len(vector)
        logits = self._weights[:, :dimension] @ vector + self._bias
        return np.asarray(logits + self._weights[:, dimension:] @ (values @ self._projection[columns]))

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {
            **self._grams.arrays(),
            "projection": self._projection,
            "weights": self._weights,
            "bias": self._bias,
        }

    @classmethod
    def restore(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> ArticleHead:
        return cls(Grams.restore(arrays), arrays["projection"], arrays["weights"], arrays["bias"])
