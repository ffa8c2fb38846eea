"""The article head: a light classifier over the articles' own questions, fitted for each question it is asked.

Kernel ridge regression (the mean of a Gaussian process) on the examples nearest to the question: as good as a
classifier that was trained on all of them, nothing to train when an article is edited, and the same cost for any
number of articles. An example is its embedding beside its character n-grams; the kernel is Gaussian. Embeddings are
not kept here: they are where passages are searched, and a question needs those of a hundred.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kb_index.index.embedding import Matrix, Vector
from kb_index.text.grams import Grams

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

GRAM_DIMENSIONS = 128
GRAM_SHARE = 0.25
"""How much of an example's direction is spelling, the rest being meaning; flat between .2 and .35."""

WIDTH = 1.0
"""Of the kernel exp(-WIDTH * |x - y|^2) between unit vectors; flat between .5 and 1."""

NOISE = 0.05
ANSWER_NOISE = 0.5
"""How much an example may be missed: a question is asked like this, a piece of an answer is only near it."""

NEIGHBOURS = 128
"""Examples that one question is judged by; 200 win a third of a percent for another millisecond, 400 no more."""

OVERSAMPLING, ITERATIONS = 10, 2

BACKGROUND_NEIGHBOURS = 24
BACKGROUND_NOISE = 0.2

BLOCK = 1024

Labels = npt.NDArray[np.int64]
Halves = npt.NDArray[np.float16]


@dataclass(frozen=True)
class Verdict:
    """Evidence per article (about its probability, 0..1, not normalised), for the background, and novelty.

    novelty is the Gaussian process's variance: 0 for a question like the examples, 1 for one like none of them.
    """

    articles: npt.NDArray[np.float32]
    background: float
    novelty: float


class ArticleHead:
    """Examples, passages first; label i is an article, the label after the last is the background.

    `spelling` is what an example's n-grams contribute to its features; its embedding comes with each question.
    """

    def __init__(
        self,
        grams: Grams,
        projection: Matrix,
        centre: Vector,
        gram_centre: Vector,
        spelling: Halves,
        labels: Labels,
        noise: Vector,
        articles: int,
        added: Halves | None = None,
    ) -> None:
        self._grams = grams
        self._projection = projection
        self._centre = centre
        self._gram_centre = gram_centre
        self._spelling = spelling
        self._added = spelling[:0] if added is None else added  # of passages after those of `spelling`
        self._labels = labels
        self._noise = noise
        self._articles = articles
        self._passages = int((labels < articles).sum())
        self._rows: dict[str, int] = {}  # of the texts it was trained on; a head that was restored has forgotten

    @classmethod
    def train(
        cls,
        texts: Sequence[str],
        vectors: Matrix,
        labels: Labels,
        asks: npt.NDArray[np.bool_],
        *,
        articles: int,
        earlier: ArticleHead | None = None,
    ) -> ArticleHead:
        """Prepare folded texts; label == articles means background, asks is false for pieces of answers.

        The n-grams and their projection are learned from the texts, or taken over from an earlier head.
        """
        if earlier is not None:
            grams, projection, centre, gram_centre = (
                earlier._grams, earlier._projection, earlier._centre, earlier._gram_centre,
            )  # fmt: skip
            spelling = earlier._taken_over(texts)
        else:
            grams, projection, projected = _learn(texts)
            centre = vectors.mean(axis=0) if len(vectors) else np.zeros(vectors.shape[1], np.float32)
            gram_centre = projected.mean(axis=0) if len(projected) else np.zeros(projection.shape[1], np.float32)
            spelling = np.zeros(projected.shape, dtype=np.float16)
            for start in range(0, len(texts), BLOCK):  # all at once would need several times the memory
                block = slice(start, start + BLOCK)
                spelling[block] = _part(projected[block] - gram_centre, GRAM_SHARE)
        noise = np.where(labels == articles, BACKGROUND_NOISE, np.where(asks, NOISE, ANSWER_NOISE))
        head = cls(
            grams,
            projection,
            centre.astype(np.float32),
            gram_centre.astype(np.float32),
            spelling,
            labels,
            noise.astype(np.float32),
            articles,
        )
        head._rows = {text: row for row, text in enumerate(texts)}
        return head

    def _taken_over(self, texts: Sequence[str]) -> Halves:
        """The spelling of texts by this head's n-grams; of those it was trained on it is copied."""
        known = np.array([self._rows.get(text, -1) for text in texts], dtype=np.int64)
        spelling = np.zeros((len(texts), self._spelling.shape[1]), dtype=np.float16)
        spelling[known >= 0] = self._spelling[known[known >= 0]]
        fresh = np.flatnonzero(known < 0)
        if len(fresh):
            spelling[fresh] = self._spelled([texts[int(place)] for place in fresh])
        return spelling

    def _spelled(self, texts: Sequence[str]) -> Halves:
        projected = np.array([self._projected(text) for text in texts]).reshape(len(texts), -1)
        return _part(projected - self._gram_centre, GRAM_SHARE).astype(np.float16)

    def _projected(self, text: str) -> Vector:
        columns, values = self._grams.entries(text)
        return np.asarray(values @ self._projection[columns])

    def grown(self, texts: Sequence[str], labels: Labels, asks: npt.NDArray[np.bool_], *, articles: int) -> ArticleHead:
        """The same head with more passages, of these or more articles; its n-grams and centres stay as they are."""
        known, noise = self._labels[: self._passages], np.where(asks, NOISE, ANSWER_NOISE).astype(np.float32)
        others = np.full(len(self._labels) - self._passages, articles, dtype=np.int64)
        return ArticleHead(
            self._grams,
            self._projection,
            self._centre,
            self._gram_centre,
            self._spelling,
            np.concatenate([known, labels, others]),
            np.concatenate([self._noise[: self._passages], noise, self._noise[self._passages :]]),
            articles,
            self._spelled(texts),
        )

    def _spelling_of(self, rows: Labels) -> Matrix:
        """That of passages, counted through to the added ones, and of background questions after them."""
        more = len(self._added)
        first = self._passages - more
        if not more:
            return floats(self._spelling[rows])
        near = floats(self._spelling[np.where(rows < first, rows, np.maximum(rows - more, 0))])
        new = (rows >= first) & (rows < self._passages)
        near[new] = self._added[rows[new] - first]
        return near

    def judge(self, folded: str, vector: Vector, passages: Labels, background: Labels, vectors: Matrix) -> Verdict:
        """Judge one question by the passages nearest to it and the nearest background questions.

        `vectors` are the embeddings of these passages, and after them those of these background questions.
        """
        rows = np.concatenate([passages, self._passages + background])
        evidence = np.zeros(self._articles + 1, dtype=np.float32)
        if not len(rows):
            return Verdict(evidence[:-1], 0.0, 1.0)
        spelling = (self._projected(folded) - self._gram_centre)[None]
        asked = np.hstack([self._meaning(vector[None]), _part(spelling, GRAM_SHARE)])[0]
        near = np.hstack([self._meaning(vectors), self._spelling_of(rows)])
        towards = np.exp(-2 * WIDTH * (1 - near @ asked))
        kernel = np.exp(-2 * WIDTH * (1 - near @ near.T))
        kernel.flat[:: len(rows) + 1] = 1 + self._noise[rows]
        weights = np.linalg.solve(kernel, towards)  # always possible: there is noise on the diagonal
        np.add.at(evidence, self._labels[rows], weights.astype(np.float32))
        novelty = 1 - float(towards @ weights)
        return Verdict(np.clip(evidence[:-1], 0, 1), float(np.clip(evidence[-1], 0, 1)), float(np.clip(novelty, 0, 1)))

    def _meaning(self, vectors: Matrix) -> Matrix:
        """What embeddings contribute to the features."""
        return _part(vectors - self._centre, 1 - GRAM_SHARE)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {
            **self._grams.arrays(),
            "projection": self._projection,
            "centre": self._centre,
            "gram_centre": self._gram_centre,
            "spelling": self._spelling,
            "labels": self._labels,
            "noise": self._noise,
            "articles": np.array([self._articles]),
        }

    @property
    def examples(self) -> tuple[int, int]:
        """How many passages and how many background questions."""
        return self._passages, len(self._labels) - self._passages

    @classmethod
    def restore(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> ArticleHead:
        """Raises ValueError for arrays that are not those of any head."""
        labels, articles = arrays["labels"], int(arrays["articles"][0])
        if not len(labels) == len(arrays["spelling"]) == len(arrays["noise"]):
            raise ValueError(f"{len(labels)} labels of {len(arrays['spelling'])} examples")
        own = labels[: int((labels < articles).sum())]
        if (labels[len(own) :] != articles).any() or own.min(initial=0) < 0 or own.max(initial=-1) >= articles:
            raise ValueError("the examples' labels are not passages' first and background's after them")
        return cls(
            Grams.restore(arrays),
            arrays["projection"],
            arrays["centre"],
            arrays["gram_centre"],
            arrays["spelling"],
            labels,
            arrays["noise"],
            articles,
        )


def _learn(texts: Sequence[str]) -> tuple[Grams, Matrix, Matrix]:
    """The n-grams of these texts, their main directions, and where the texts lie in them."""
    grams = Grams.learn(texts)
    rows = grams.matrix(texts)
    size = min(GRAM_DIMENSIONS, rows.shape[1], rows.shape[0])
    if not size:
        return grams, np.zeros((rows.shape[1], 1), np.float32), np.zeros((len(texts), 1), np.float32)
    projection = main_directions(rows, size)
    return grams, projection, np.asarray(rows @ projection)


def main_directions(rows: csr_matrix, size: int) -> Matrix:
    """The first right singular vectors as columns, by randomised subspace iteration (Halko and others, 2011)."""
    start = np.random.default_rng(0).standard_normal((rows.shape[1], size + OVERSAMPLING), dtype=np.float32)
    image = rows @ start
    for _ in range(ITERATIONS):
        image = rows @ (rows.T @ np.linalg.qr(image)[0])
    seen = rows.T @ np.linalg.qr(image)[0]
    strengths, turns = np.linalg.eigh(seen.T @ seen)  # ascending
    main = turns[:, ::-1][:, :size] / np.sqrt(np.maximum(strengths[::-1][:size], 1e-12))
    return np.ascontiguousarray(seen @ main, dtype=np.float32)


def _part(rows: Matrix, share: float) -> Matrix:
    """The rows at the length by which they make so much of the cosine between two whole features."""
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return np.asarray(rows * (math.sqrt(share) / np.maximum(lengths, 1e-9))[:, None], dtype=np.float32)


def floats(halves: npt.NDArray[np.float16]) -> Matrix:
    """The same numbers in four bytes, exactly; a shift of all bits at once, a third of the time of NumPy's conversion.

    The bits of a finite half are those of a float with a smaller exponent (IEEE 754): sign, then the rest moved up.
    """
    bits = halves.view(np.int16).astype(np.int32)
    return ((bits << 13) & ~np.int32(0x70000000)).view(np.float32) * np.float32(2**112)
