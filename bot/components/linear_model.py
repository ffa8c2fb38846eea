"""A linear intent model over words, characters and their neighbours; fitted with scikit-learn, run with numpy alone."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ORDER_NUMBER = re.compile(r"ly\d+")
NUMBER = re.compile(r"\d{3,}")
HAN = re.compile(r"[\u3400-\u9fff]")


def features(tokens: Sequence[str]) -> set[str]:
    """The features of a text: tokens, pairs, pieces of Latin words (typos), runs of two to four Han characters."""
    words = [NUMBER.sub("#", ORDER_NUMBER.sub("ly#", token)) for token in tokens if token[0].isalnum()]
    found = {f"w:{word}" for word in words}
    found.update(f"p:{a} {b}" for a, b in zip(["^", *words], [*words, "$"], strict=True))
    for word in words:
        if not HAN.match(word) and len(word) > 2:
            padded = f"<{word}>"
            found.update(f"c:{padded[i : i + n]}" for n in (3, 4) for i in range(len(padded) - n + 1))
    found.update(f"h:{''.join(run)}" for n in (3, 4) for run in zip(*[words[i:] for i in range(n)], strict=False))
    return found


@dataclass(frozen=True)
class LinearModel:
    """Weights of shape (features, labels), bias (labels), and the weight (features) each feature counts with."""

    vocabulary: dict[str, int]
    labels: list[str]
    weights: np.ndarray
    bias: np.ndarray
    rarity: np.ndarray

    @classmethod
    def fit(cls, texts: Sequence[Sequence[str]], labels: Sequence[str], *, strength: float) -> "LinearModel":
        """Fit on tokenised texts; deterministic. `strength` is the inverse of the regularisation."""
        from scipy.sparse import csr_matrix
        from sklearn.linear_model import LogisticRegression

        documents = [sorted(features(tokens)) for tokens in texts]
        seen = Counter(feature for document in documents for feature in document)
        vocabulary = {feature: number for number, feature in enumerate(sorted(seen))}
        rarity = np.array([np.log((1 + len(documents)) / (1 + seen[f])) + 1 for f in vocabulary], dtype=np.float32)
        rows = [np.array([vocabulary[f] for f in document], dtype=np.int64) for document in documents]
        values = [rarity[row] / (np.linalg.norm(rarity[row]) or 1) for row in rows]
        starts = np.cumsum([0, *map(len, rows)])
        matrix = csr_matrix((np.concatenate(values), np.concatenate(rows), starts), shape=(len(rows), len(vocabulary)))
        fitted = LogisticRegression(C=strength, max_iter=500, class_weight="balanced").fit(matrix, list(labels))
        return cls(
            vocabulary=vocabulary,
            labels=[str(label) for label in fitted.classes_],
            weights=np.ascontiguousarray(fitted.coef_.T, dtype=np.float32),
            bias=fitted.intercept_.astype(np.float32),
            rarity=rarity,
        )

    def rank(self, tokens: Sequence[str]) -> list[tuple[str, float]]:
        """All labels with their probabilities, best first; all zero when no feature is known."""
        known = [self.vocabulary[f] for f in features(tokens) if f in self.vocabulary]
        if not known:
            return [(label, 0.0) for label in self.labels]
        values = self.rarity[known]
        logits = (values / np.linalg.norm(values)) @ self.weights[known] + self.bias
        odds = np.exp(logits - logits.max())
        odds /= odds.sum()
        return [(self.labels[i], float(odds[i])) for i in np.argsort(-odds)]

    def save(self, folder: Path) -> None:
        """Write numbers and words; no pickle, so a model file can hold no code."""
        np.savez(folder / "numbers.npz", weights=self.weights, bias=self.bias, rarity=self.rarity)
        words = {"vocabulary": list(self.vocabulary), "labels": self.labels}
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
            )
