"""Mood: how likely a single message comes from an unhappy customer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kb_index.index.embedding import Matrix, Vector
from kb_index.mood.opinion import (
    FEATURES,
    LONGEST,
    blamed_in,
    clauses_of,
    entry_of,
    joined,
    manner_of,
    negated,
    praises,
    words_of,
)
from kb_index.mood.wording import Wording
from kb_index.text.folding import fold, tokens
from kb_index.text.words import read_words

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

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
MOST_BLAMED, MOST_TELLING = 5, 3
"""So many words of each kind are named as evidence."""
_UNHAPPY, _HAPPY, _NEUTRAL = range(3)
_TRUST = np.array([1.0, 1.0, 1.5], dtype=np.float32) / 3.5
"""Wording, embedding and opinions are kept as voices of these weights."""
_NEVER = -20.0
_TOGETHER, _ALONE = 0.5, (0.3, 0.2, 0.3)
"""What the model over all three says counts so much, and so much what each says alone: the one tells best what is like
the shipped messages, the others carry over better to shops that nothing was written about."""
_FREEDOM = 10.0
"""C of the logistic model."""
_FLAT = 1e-4
"""The fit stops where no slope is steeper: further on nothing measurable changes."""
_OPINIONS = 0.1
"""Scale of the standardised opinions beside rows of length one: how freely their weights may grow."""
_NEUTRAL_SHARE = 0.25
"""Weight of all neutral questions together, as a share of that of the judged messages."""
_RESERVE = 1.4
"""So much the odds of neutral are raised after fitting: a calm question must not be called unhappy, while the border
between praise and complaint stays where it was learned. Heavier questions in training would move both."""


def _kinds() -> dict[str, list[str]]:
    """The kinds of sign by entry of the word lists."""
    kinds: dict[str, list[str]] = {}
    for kind, name in (("insult", "insults"), ("threat", "threats"), ("anger", "anger")):
        for listed in sorted(read_words(name)):
            kinds.setdefault(entry_of(listed), []).append(kind)
    return kinds


_KINDS = _kinds()


def _signs(words: Sequence[str]) -> list[tuple[str, str]]:
    """Kind and entry of the listed words in one clause, except what a negation before them takes back.

    Matched by whole tokens in a row and never by substring: 傻 is not in 傻瓜相机.
    """
    places = ((start, end) for start in range(len(words)) for end in range(start + 1, start + LONGEST + 1))
    phrases = ((start, joined(words[start:end])) for start, end in places if end <= len(words))
    return [
        (kind, phrase)
        for start, phrase in phrases
        if phrase in _KINDS and not negated(words, start)
        for kind in _KINDS[phrase]
    ]


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
    found = [sign for clause in clauses_of(folded) for sign in _signs(words_of(clause))]
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
    """Logistic models over wording, embedding and opinions, together and each alone, joined with the lexicon.

    They tell unhappy from happy from neutral: a question about a late refund and a sentence of praise are calm
    for different reasons, and one border for both would run through the middle of the complaints.
    """

    def __init__(self, wording: Wording, worded: Matrix, embedding: Matrix, opinions: Matrix, bias: Matrix) -> None:
        self._wording = wording
        self._worded = worded
        self._embedding = embedding
        self._opinions = opinions
        self._bias = bias

    @classmethod
    def train(
        cls,
        texts: Sequence[str],
        vectors: Matrix,
        unhappy: Sequence[bool],
        *,
        neutral: Sequence[bool],
        happy: Sequence[bool] | None = None,
        weight: Sequence[float] | None = None,
    ) -> MoodHeads:
        """Fit on folded texts.

        neutral marks the calm questions that only guard against false alarms, happy the messages of praise
        (what praises in plain words counts as happy anyway), weight how much each judged message counts.
        """
        wording = Wording.learn(texts or [""])
        moods = _moods(texts, unhappy, neutral, happy or [False] * len(texts))
        if not (moods == _UNHAPPY).any() or (moods == _UNHAPPY).all():
            return cls(wording, *_nothing_learned(len(wording), vectors.shape[1]))
        manners = np.array([manner_of(text) for text in texts], dtype=np.float32)
        middle, spread = manners.mean(axis=0), (manners.std(axis=0) + 1e-6) / _OPINIONS
        weights = np.array(weight or [1.0] * len(texts))
        weights *= np.where(neutral, _neutral_weight(neutral, weights), 1.0)
        rows, opinions = wording.matrix(texts), (manners - middle) / spread
        size, no_rows, no_columns = vectors.shape[1], rows[:, :0], vectors[:, :0]
        worded, others, bias = _fitted(rows, np.hstack([vectors, opinions]), moods, weights)
        by_wording, _, wording_bias = _fitted(rows, no_columns, moods, weights)
        _, by_meaning, meaning_bias = _fitted(no_rows, vectors, moods, weights)
        _, by_opinions, opinions_bias = _fitted(no_rows, opinions, moods, weights)
        worded = _TOGETHER * worded + _ALONE[0] * by_wording
        embedding = _TOGETHER * others[:, :size] + _ALONE[1] * by_meaning
        opinions = (_TOGETHER * others[:, size:] + _ALONE[2] * by_opinions) / spread
        alone = np.stack([wording_bias, meaning_bias, opinions_bias])
        bias = _TOGETHER * bias + np.array(_ALONE) @ alone - opinions @ middle
        bias[_NEUTRAL] += _RESERVE
        biases = np.stack([bias / _TRUST[0], np.zeros(3), np.zeros(3)]).astype(np.float32)
        return cls(wording, worded / _TRUST[0], embedding / _TRUST[1], opinions / _TRUST[2], biases)

    def judge(self, text: str, folded: str, vector: Vector, *, threshold: float) -> Mood:
        """The mood of one message; vector is the embedding of the folded text."""
        learned = self.learned(folded, vector)
        signs = signs_in(text)
        # Either may speak up alone, and two half-sure voices together are surer than each.
        unhappy = 1 - (1 - learned) * (1 - LEXICON_TRUST * signs.unhappy)
        if unhappy < threshold:
            return Mood(unhappy, "calm", signs.evidence)
        evidence = list(signs.evidence)
        named = {item.partition(":")[2] for item in evidence}
        evidence += [f"blame:{word}" for word in blamed_in(folded) if word not in named][:MOST_BLAMED]
        if not evidence:
            evidence += [f"word:{word}" for word in self._telling_words(folded)]
        if learned >= threshold:
            evidence.append(f"wording:{learned:.2f}")
        return Mood(unhappy, "unhappy", tuple(evidence))

    def learned(self, folded: str, vector: Vector) -> float:
        """What the trained heads say, without the word lists' own voice."""
        columns, values = self._wording.entries(folded)
        voices = np.stack(
            [self._worded[:, columns] @ values, self._embedding @ vector, self._opinions @ manner_of(folded)]
        )
        scores = _TRUST @ (voices + self._bias)
        odds = scores[_UNHAPPY] - np.logaddexp(scores[_HAPPY], scores[_NEUTRAL])
        return float(1 / (1 + np.exp(-np.clip(odds, -40, 40))))

    def _telling_words(self, folded: str) -> list[str]:
        """The words whose characters speak most for unhappy, at most MOST_TELLING; never numbers."""
        against = self._worded[_UNHAPPY] - np.maximum(self._worded[_HAPPY], self._worded[_NEUTRAL])
        weights: dict[str, float] = {}
        for word in tokens(folded):
            if word not in weights and not any(character.isdigit() for character in word):
                columns, values = self._wording.entries(word)
                weights[word] = float(against[columns] @ values)
        best = sorted(weights, key=lambda word: -weights[word])[:MOST_TELLING]
        return [word for word in best if weights[word] > 0]

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {
            **self._wording.arrays(),
            "characters": self._worded,
            "embedding": self._embedding,
            "opinions": self._opinions,
            "bias": self._bias,
        }

    @classmethod
    def restore(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> MoodHeads:
        return cls(
            Wording.restore(arrays), arrays["characters"], arrays["embedding"], arrays["opinions"], arrays["bias"]
        )


def _moods(
    texts: Sequence[str], unhappy: Sequence[bool], neutral: Sequence[bool], happy: Sequence[bool]
) -> npt.NDArray[np.int64]:
    """One of the three moods for each text."""
    rows = zip(texts, unhappy, neutral, happy, strict=True)
    return np.array(
        [
            _UNHAPPY if bad else _HAPPY if good or (not guard and praises(text)) else _NEUTRAL
            for text, bad, guard, good in rows
        ],
        dtype=np.int64,
    )


def _fitted(
    sparse: csr_matrix, dense: Matrix, moods: npt.NDArray[np.int64], weights: npt.NDArray[np.float64]
) -> tuple[Matrix, Matrix, Vector]:
    """Weights (moods, features) of both blocks and biases (moods) of one logistic model over them.

    A mood without examples never wins. The blocks stay apart, because a dense one is slow in a sparse matrix.
    """
    from scipy.optimize import minimize

    present, places = np.unique(moods, return_inverse=True)
    truth = np.eye(len(present), dtype=np.float32)[places]
    shares = (weights / weights.sum()).astype(np.float32)[:, None]
    penalty = 1 / (_FREEDOM * weights.sum())
    split, width = sparse.shape[1], sparse.shape[1] + dense.shape[1]
    columns = sparse.T.tocsr()

    def cost(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        table = flat.reshape(width + 1, len(present))
        single = table.astype(np.float32)
        scores = sparse @ single[:split] + dense @ single[split:width] + single[width]
        logs = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
        error = (np.exp(logs) - truth) * shares
        slope = np.vstack([columns @ error, dense.T @ error, error.sum(axis=0)]).astype(np.float64)
        slope[:width] += penalty * table[:width]
        loss = -float((logs * truth * shares).sum(dtype=np.float64)) + penalty / 2 * float((table[:width] ** 2).sum())
        return loss, slope.ravel()

    found = minimize(
        cost, np.zeros((width + 1) * len(present)), jac=True, method="L-BFGS-B", options={"maxiter": 300, "gtol": _FLAT}
    )
    fitted = np.zeros((3, width), dtype=np.float32)
    bias = np.full(3, _NEVER, dtype=np.float32)
    table = found.x.reshape(width + 1, len(present)).astype(np.float32)
    fitted[present], bias[present] = table[:width].T, table[width]
    return fitted[:, :split], fitted[:, split:], bias


def _neutral_weight(neutral: Sequence[bool], weights: npt.NDArray[np.float64]) -> float:
    """Neutral questions weigh together a fixed share of the judged messages, however many or few there are."""
    guards = np.array(neutral, dtype=bool)
    return float(_NEUTRAL_SHARE * weights[~guards].sum() / weights[guards].sum()) if guards.any() else 1.0


def _nothing_learned(wording: int, dimension: int) -> tuple[Matrix, Matrix, Matrix, Matrix]:
    """Without examples only the lexicon speaks."""
    silent = np.zeros((3, 3), dtype=np.float32)
    silent[:, _UNHAPPY] = -5.0
    sizes = (wording, dimension, FEATURES)
    worded, embedding, opinions = (np.zeros((3, size), dtype=np.float32) for size in sizes)
    return worded, embedding, opinions, silent
