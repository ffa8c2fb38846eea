"""N-gram features, of characters or what else a text is cut into: tf-idf over a vocabulary learned at build time."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kb_index.text.folding import character_grams

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

READ = 3000
Cut = Callable[[str], Mapping[str, int]]
"""Counts of the n-grams of a folded text."""


class Grams:
    """Maps folded texts to sparse unit rows; n-grams outside the vocabulary are ignored."""

    def __init__(self, vocabulary: Sequence[str], idf: npt.NDArray[np.float32], *, cut: Cut = character_grams) -> None:
        self._columns = {gram: column for column, gram in enumerate(vocabulary)}
        self._idf = idf
        self._cut = cut

    def __len__(self) -> int:
        return len(self._columns)

    @classmethod
    def learn(
        cls,
        texts: Sequence[str],
        *,
        fewest: int = 2,
        most: int = 20_000,
        read: int = READ,
        cut: Cut = character_grams,
    ) -> Grams:
        """Keep the n-grams found in at least `fewest` texts, the commonest `most` of them.

        Of many more texts than `read` every n-th is looked at: the commonest are the same, and counting all takes
        100 MB.
        """
        looked_at = texts[:: max(1, len(texts) // max(1, read))]
        frequency: Counter[str] = Counter()
        for text in looked_at:
            frequency.update(cut(text).keys())
        frequent = ((-count, gram) for gram, count in frequency.items() if count >= fewest)
        counts = {gram: -count for count, gram in heapq.nsmallest(most, frequent)}
        del frequency
        kept = sorted(counts)
        idf = np.array([math.log((1 + len(looked_at)) / (1 + counts[gram])) + 1 for gram in kept], np.float32)
        return cls(kept, idf, cut=cut)

    def entries(self, text: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Columns and values of one text's unit row."""
        counted = self._cut(text)
        known = [gram for gram in counted if gram in self._columns]
        columns = np.array([self._columns[gram] for gram in known], dtype=np.int64)
        counts = np.array([counted[gram] for gram in known], dtype=np.float32)
        values = (1 + np.log(counts)) * self._idf[columns]
        return columns, values / max(math.sqrt(values @ values), 1e-9)

    def matrix(self, texts: Sequence[str]) -> csr_matrix:
        """All texts' rows, for training; who only searches does without SciPy's thirty megabytes."""
        from scipy.sparse import csr_matrix

        rows = [(columns.astype(np.int32), values) for columns, values in map(self.entries, texts)]
        indptr = np.cumsum([0, *(len(columns) for columns, _ in rows)])
        columns = np.concatenate([columns for columns, _ in rows]) if rows else np.zeros(0, np.int32)
        values = np.concatenate([values for _, values in rows]) if rows else np.zeros(0, np.float32)
        return csr_matrix((values, columns, indptr), shape=(len(texts), len(self)))

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {"grams": np.array(list(self._columns), dtype=np.str_), "gram_idf": self._idf}

    @classmethod
    def restore(cls, arrays: Mapping[str, npt.NDArray[Any]], *, cut: Cut = character_grams) -> Grams:
        return cls([str(gram) for gram in arrays["grams"]], arrays["gram_idf"], cut=cut)
