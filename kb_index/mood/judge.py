"""Mood: how likely a single message comes from an unhappy customer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kb_index.index.embedding import Matrix, Vector
from kb_index.text.folding import fold, tokens
from kb_index.text.grams import Grams
from kb_index.text.words import read_words

_AIMED = re.compile(
    r"(?:你们?|您们|平台|公司|商家|客服)[^，。！？,.!?]{0,4}(?:骗子|骗人|骗钱|诈骗)|骗子(?:平台|公司|商家|店|客服)"
    r"|\b(?:you|(?:your|this) (?:company|shop|store))\b(?:\W+\w+){0,4}?"
    r"\W+(?:scam|scammers?|thieves|thief|fraudsters?|crooks?)\b"
    r"|\b(?:scam|fraud) (?:company|shop|store|app)\b"
)
_STRENGTH = {"insult": 0.75, "threat": 0.45, "aimed": 0.85, "anger": 0.45, "shouting": 0.35, "marks": 0.15}
_WORD_IN_CAPITALS = re.compile(r"\b[A-Z]{2,}\b")
_WORD = re.compile(r"\b[A-Za-z]{2,}\b")
_PILED_MARKS = re.compile(r"[!！]{2,}|[?？]{3,}|[!！][?？]|[?？][!！]")
LEXICON_TRUST = 0.95
"""The lexicon alone is never quite sure."""


class _Words:
    """A word list, matched by whole tokens in a row and never by substring: 傻 is not in 傻瓜相机."""

    def __init__(self, name: str) -> None:
        self._entries = {tuple(tokens(entry.replace("_", " "))) for entry in read_words(name)}
        self._sizes = sorted({len(entry) for entry in self._entries})

    def found_in(self, words: Sequence[str]) -> list[str]:
        rows = (words[start : start + size] for size in self._sizes for start in range(len(words) - size + 1))
        return ["".join(row) if not row[0].isascii() else " ".join(row) for row in rows if tuple(row) in self._entries]


_LISTS = {"insult": _Words("insults"), "threat": _Words("threats"), "anger": _Words("anger")}


@dataclass(frozen=True)
class Signs:
    """What the lexicon found: a probability of its own and the words that speak for it."""

    unhappy: float
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Mood:
    """Probability that the customer is unhappy, and what spoke for it."""

    unhappy: float
    label: str
    evidence: tuple[str, ...]


def signs_in(text: str) -> Signs:
    """Swear words by whole token, never by substring; piled-up marks and capitals count little."""
    folded = fold(text)
    words = tokens(folded)
    found = [(kind, word) for kind, listed in _LISTS.items() for word in listed.found_in(words)]
    found += [("aimed", match.group()) for match in _AIMED.finditer(folded)]
    capitals, latin = _WORD_IN_CAPITALS.findall(text), _WORD.findall(text)
    if len(capitals) >= 3 and len(capitals) > 0.6 * len(latin):
        found.append(("shouting", "capitals"))
    if _PILED_MARKS.search(text):
        found.append(("marks", "!!"))
    calm = 1.0
    for kind, _ in found:
        calm *= 1 - _STRENGTH[kind]
    return Signs(1 - calm, tuple(dict.fromkeys(f"{kind}:{word}" for kind, word in found if kind != "marks")))


class MoodHeads:
    """Two logistic models, over characters and over the embedding, averaged and joined with the lexicon."""

    def __init__(self, grams: Grams, characters: Vector, embedding: Vector, bias: Vector) -> None:
        self._grams = grams
        self._characters = characters
        self._embedding = embedding
        self._bias = bias

    @classmethod
    def train(
        cls, texts: Sequence[str], vectors: Matrix, unhappy: Sequence[bool], *, neutral: Sequence[bool]
    ) -> MoodHeads:
        """Fit on folded texts; neutral marks the calm questions that only guard against false alarms."""
        labels = np.array(unhappy, dtype=bool)
        grams = Grams.learn(texts or [""], most=12_000)
        if not labels.any() or labels.all():
            return cls(grams, *_nothing_learned(len(grams), vectors.shape[1]))
        from sklearn.linear_model import LogisticRegression

        weight = np.where(neutral, _neutral_weight(neutral), 1.0)
        characters = LogisticRegression(C=10.0, max_iter=300, tol=1e-3)
        characters.fit(grams.matrix(texts), labels, sample_weight=weight)
        embedding = LogisticRegression(C=10.0, max_iter=300, tol=1e-3)
        embedding.fit(vectors, labels, sample_weight=weight)
        bias = np.array([characters.intercept_[0], embedding.intercept_[0]], dtype=np.float32)
        return cls(grams, characters.coef_[0].astype(np.float32), embedding.coef_[0].astype(np.float32), bias)

    def judge(self, text: str, folded: str, vector: Vector, *, threshold: float) -> Mood:
        """The mood of one message; vector is the embedding of the folded text."""
        columns, values = self._grams.entries(folded)
        by_characters = float(values @ self._characters[columns]) + float(self._bias[0])
        by_meaning = float(vector @ self._embedding) + float(self._bias[1])
        learned = _sigmoid((by_characters + by_meaning) / 2)
        signs = signs_in(text)
        # Either may speak up alone, and two half-sure voices together are surer than each.
        unhappy = 1 - (1 - learned) * (1 - LEXICON_TRUST * signs.unhappy)
        evidence = signs.evidence
        if learned >= threshold:
            evidence = (*evidence, f"wording:{learned:.2f}")
        return Mood(unhappy, "unhappy" if unhappy >= threshold else "calm", evidence)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {
            **self._grams.arrays(),
            "characters": self._characters,
            "embedding": self._embedding,
            "bias": self._bias,
        }

    @classmethod
    def restore(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> MoodHeads:
        return cls(Grams.restore(arrays), arrays["characters"], arrays["embedding"], arrays["bias"])


def _neutral_weight(neutral: Sequence[bool]) -> float:
    """Neutral questions weigh together half as much as the judged messages, however many there are."""
    guards = sum(neutral)
    return min(1.0, 0.5 * (len(neutral) - guards) / guards) if guards else 1.0


def _nothing_learned(grams: int, dimension: int) -> tuple[Vector, Vector, Vector]:
    """Without examples only the lexicon speaks."""
    silent = np.array([-5.0, -5.0], dtype=np.float32)
    return np.zeros(grams, np.float32), np.zeros(dimension, np.float32), silent


def _sigmoid(value: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(value, -40, 40))))
