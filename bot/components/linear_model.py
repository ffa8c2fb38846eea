"""A linear intent model over the features of a text; fitted with scikit-learn, run with numpy alone."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.components.concepts import english_words
from bot.components.features import GROUPS, TOKEN, features
from bot.components.spelling import Spelling

SEEN_AT_LEAST = 2
"""Texts that a feature must occur in; what occurs once says more about that text than about its intent."""

CALM = 1.5
"""Divides the scores before they become probabilities: the models of the intents, each fitted alone, are too sure."""


@dataclass(frozen=True)
class LinearModel:
    """Weights of shape (features, labels), bias (labels), and the weight (features) each feature counts with."""

    vocabulary: dict[str, int]
    labels: list[str]
    weights: np.ndarray
    bias: np.ndarray
    rarity: np.ndarray
    spelling: Spelling

    @classmethod
    def fit(cls, texts: Sequence[str], labels: Sequence[str], *, strength: float) -> "LinearModel":
        """Fit one model per intent against the rest; deterministic. `strength`: inverse of the regularisation."""
        from scipy.sparse import csr_matrix
        from sklearn.linear_model import LogisticRegression

        spelling = Spelling(known_words(texts))
        documents = [features(text, spelling) for text in texts]
        seen = Counter(f for document in documents for group in GROUPS for f in document[group])
        kept = sorted(f for f, count in seen.items() if count >= SEEN_AT_LEAST)
        vocabulary = {feature: number for number, feature in enumerate(kept)}
        rarity = np.array([np.log((1 + len(documents)) / (1 + seen[f])) + 1 for f in kept], dtype=np.float32)
        rows = [_row(document, vocabulary, rarity) for document in documents]
        starts = np.cumsum([0, *(len(numbers) for numbers, _ in rows)])
        matrix = csr_matrix(
            (np.concatenate([v for _, v in rows]), np.concatenate([n for n, _ in rows]), starts),
            shape=(len(rows), len(vocabulary)),
        )
        one_against_the_rest = LogisticRegression(C=strength, solver="liblinear", tol=1e-3, class_weight="balanced")
        fitted = one_against_the_rest.fit(matrix, list(labels))
        # With two labels scikit-learn keeps one row of weights, for the second of them.
        both = len(fitted.classes_) == 2
        weights = np.vstack([-fitted.coef_, fitted.coef_]) if both else fitted.coef_
        bias = np.concatenate([-fitted.intercept_, fitted.intercept_]) if both else fitted.intercept_
        return cls(
            vocabulary=vocabulary,
            labels=[str(label) for label in fitted.classes_],
            weights=np.ascontiguousarray(weights.T, dtype=np.float32),
            bias=bias.astype(np.float32),
            rarity=rarity,
            spelling=spelling,
        )

    def rank(self, text: str) -> list[tuple[str, float]]:
        """All labels with their probabilities, best first; all zero when no word, sound or concept is known."""
        found = features(text, self.spelling)
        numbers, values = _row(found, self.vocabulary, self.rarity)
        if not any(f in self.vocabulary for group in GROUPS for f in found[group] if not f.startswith("length:")):
            return [(label, 0.0) for label in self.labels]
        logits = (values @ self.weights[numbers] + self.bias) / CALM
        odds = np.exp(logits - logits.max())
        odds /= odds.sum()
        return [(self.labels[i], float(odds[i])) for i in np.argsort(-odds, kind="stable")]

    def save(self, folder: Path) -> None:
        """Write numbers and words; no pickle, so a model file can hold no code."""
        np.savez(folder / "numbers.npz", weights=self.weights, bias=self.bias, rarity=self.rarity)
        words = {"vocabulary": list(self.vocabulary), "labels": self.labels, "spelling": self.spelling.words}
        (folder / "words.json").write_text(json.dumps(words, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "LinearModel":
        """Read what `save` wrote."""
        words = json.loads((folder / "words.json").read_text(encoding="utf-8"))
        with np.load(folder / "numbers.npz", allow_pickle=False) as numbers:
            return cls(
                vocabulary={feature: number for number, feature in enumerate(words["vocabulary"])},
                labels=words["labels"],
                weights=numbers["weights"],
                bias=numbers["bias"],
                rarity=numbers["rarity"],
                spelling=Spelling(words["spelling"]),
            )


def known_words(texts: Sequence[str]) -> Iterator[str]:
    """English words that are right: those that stand in two texts or more, commonest first, and the concepts'."""
    seen = Counter(
        word for text in texts for word in set(TOKEN.findall(text.lower())) if word.isascii() and word.isalpha()
    )
    yield from (word for word, count in sorted(seen.items(), key=lambda item: (-item[1], item[0])) if count > 1)
    yield from english_words()


def _row(
    found: Mapping[str, Sequence[str]], vocabulary: Mapping[str, int], rarity: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of the known features and what each counts: every group has the length that GROUPS gives it."""
    numbers, values = [], []
    for group, weight in GROUPS.items():
        known = np.array([vocabulary[f] for f in found[group] if f in vocabulary], dtype=np.int64)
        counted = rarity[known]
        numbers.append(known)
        values.append(counted * (weight / (np.linalg.norm(counted) or 1)))
    return np.concatenate(numbers), np.concatenate(values).astype(np.float32)
